"""Leaving a training: whether it may end, or goes on in the background, is asked first."""

import asyncio
from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Button

from grokterm.errors import GroktermError
from grokterm.session.commands import Release
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.control.farewell import farewell, open_command
from grokterm.tui.control.handover import hand_over, reason_against
from grokterm.tui.control.opening import reason_against_another
from grokterm.tui.control.training import TrainingControl
from grokterm.tui.screens.dialogs import BESIDE, Confirm, Question, Waiting

Answer = Literal["detach", "save", "stay"]

ANSWERS: dict[Answer, str] = {"detach": "Go on in the background", "save": "Save and end", "stay": "Stay"}


class Departure(Question[Answer]):
    """Asks what becomes of a training: enter lets it go on, escape stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("d", "dismiss('detach')", "Go on in the background"),
        Binding("y", "dismiss('save')", "Save and end"),
        Binding("n,escape", "dismiss('stay')", "Stay"),
        *BESIDE,
    ]

    def compose(self) -> ComposeResult:
        """Compose the question and a button for each answer."""
        with Vertical(classes="dialog"):
            yield self.question
            with Horizontal(classes="buttons"):
                for answer, label in ANSWERS.items():
                    yield Button(label, id=answer, compact=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(next(answer for answer in ANSWERS if answer == event.button.id))


async def may_end(control: TrainingControl, verb: str) -> bool:
    """Ask whether to quit, leave or restart, unless nothing is lost by it; to be awaited in a worker.

    A restart is refused where no new run can be made.
    """
    run = control.training.saved_run
    if verb == "restart" and run is not None and (reason := await asyncio.to_thread(reason_against_another, run)):
        control.notifier.say(reason, "Not restarted", "error")
        return False
    control.is_leaving = await _is_agreed(control, verb)
    is_left_paused = control.training.is_elsewhere and control.state.phase == "paused"
    if control.is_leaving and is_left_paused and verb != "quit" and run is not None:  # which says it in its last words
        control.notifier.say(farewell(control.state, run).removeprefix("grokterm: "), "Left paused", "warning")
    return control.is_leaving


async def _is_agreed(control: TrainingControl, verb: str) -> bool:
    state, run = control.state, control.training.saved_run
    is_kept = state.phase == "paused" and state.saved_at == state.step and not state.unsaved
    is_kept = is_kept or (state.trouble is not None and state.trouble.is_lost)  # there is nothing more to save
    if control.training.is_elsewhere and verb != "restart":
        return True
    if (is_kept and not control.training.is_elsewhere) or state.phase not in ("training", "paused"):
        return True
    if control.training.is_elsewhere:
        stays = "waits, paused," if state.phase == "paused" else "goes on"
        here = f"This run {stays} where it trains. Start a new one here, with its settings and seed?"
        return await control.screen.app.push_screen_wait(Confirm(here, "Start here"))
    agree = verb.capitalize() if state.unsaved else f"Save and {verb}"

    def question(state: LabState) -> str:
        if state.unsaved:
            kept = f"step {state.saved_at:,}" if state.saved_at is not None else "the start"
            return f"{state.unsaved}. What came after {kept} will be lost."
        resume = f"Resume with `{open_command(run)}`." if run is not None else ""
        return f"Step {state.step:,} of {state.steps:,}. {agree}? {resume}"

    is_agreed = await control.ask(Confirm(question(state), agree), question)
    if not is_agreed:
        control.send(Release())
    return is_agreed


async def may_leave(control: TrainingControl) -> bool:
    """Ask what becomes of a training that another run takes the place of; return whether it may; for a worker."""
    training, state = control.training, control.state
    if state.phase != "training" or not isinstance(training, TrainingThread) or reason_against(training):
        return await may_end(control, "leave")

    def question(state: LabState) -> str:
        return f"Step {state.step:,} of {state.steps:,}. What becomes of this training?"

    answer = await control.ask(Departure(question(state)), question)
    if answer == "save":
        control.is_leaving = True
        return True
    control.send(Release())
    return answer == "detach" and bool(await detach(control))


async def detach(control: TrainingControl) -> str:
    """Let the training go on in the background; return the last words, or nothing if the lab stays; for a worker."""
    state, run, training = control.state, control.training.saved_run, control.training
    if isinstance(training, TrainingThread):
        if reason := reason_against(training):
            control.notifier.say(reason, "Not detached", "warning")
            return ""
        control.is_leaving = control.is_detaching = True
        await control.screen.app.push_screen(Waiting("Saving, and going on in the background ..."))
        try:
            await asyncio.to_thread(hand_over, training)
        except GroktermError as error:
            control.is_detaching = False
            control.screen.app.pop_screen()
            control.notifier.say(str(error), "Not detached", "error")
            control.open_here()
            return ""
    return farewell(state, run) if run is not None else ""
