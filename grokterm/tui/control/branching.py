"""Branching: a new run that begins at a step of this one, with other settings."""

import asyncio
from functools import partial

from grokterm.experiment.interventions import Save
from grokterm.runs.store import Run
from grokterm.session.commands import Hold, Release
from grokterm.tui.control.departure import may_end
from grokterm.tui.control.opening import branched_training, reason_against_another
from grokterm.tui.control.training import TrainingControl
from grokterm.tui.screens.training_dialogs import branch_dialog


async def branch(control: TrainingControl, at: int | None) -> bool:
    """Ask what is to differ from a step on, the present one if it is None; begin the new run; return whether it has begun.

    At the present step the training is held meanwhile. It is left as by quitting, once nothing is known to prevent the
    branch. To be awaited in a worker.
    """
    if control.training.saved_run is None:
        control.notifier.say("its folder is made once torch is loaded", "No run yet", "warning")
        return False
    run = Run(control.training.saved_run.path)  # whose settings another process may have changed
    if at is None:
        control.send(Hold())
        await control.until(lambda: control.state.is_held or control.state.phase == "ended")
    state = control.state if at is None else control.state.until(at)
    dialog = branch_dialog(run, state)

    async def accept(_: tuple[str, ...]) -> str:
        return await asyncio.to_thread(reason_against_another, run)

    dialog.accept = accept
    assignments = await control.screen.app.push_screen_wait(dialog)
    if assignments is not None and at is None and state.saved_at != state.step:
        control.send(Save())  # so that the run can be branched there
        await control.until(lambda: control.state.saved_at == state.step or bool(control.state.unsaved))
    if at is None:
        control.send(Release())
        await control.until(lambda: not control.state.is_held)
    if assignments is None:
        return False
    unsaved = control.state.unsaved if at is None else ""
    reason = f"{unsaved}, and press b again" if unsaved else ""
    if reason := reason or await asyncio.to_thread(reason_against_another, run, state.step):
        control.notifier.say(reason, "Not branched", "error")
        return False
    if not await may_end(control, "branch"):
        return False
    control.again = partial(branched_training, run, state.step, assignments)
    await control.restart()
    return True
