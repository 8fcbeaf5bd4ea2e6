"""What the keys do to a training: commands to it, and the dialogs that ask for them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TypeVar

from textual.screen import Screen

from grokterm.errors import GroktermError, StorageError
from grokterm.experiment.interventions import Save
from grokterm.runs.storage.unwritable import gone
from grokterm.runs.store import Run
from grokterm.session.attaching import watched
from grokterm.session.commands import Command, Hold, Leave, Pause, Release, Resume, SetPace, StepOnce
from grokterm.session.control import Training
from grokterm.session.follower import FollowedTraining
from grokterm.session.remote.viewer import AttachedTraining
from grokterm.session.state import LabState
from grokterm.tui.control.meant import ShownPhase
from grokterm.tui.control.notifications import Notice
from grokterm.tui.control.notifier import Notifier
from grokterm.tui.control.opening import saved_training, training_anew
from grokterm.tui.control.pace import faster, slower
from grokterm.tui.control.saved_pictures import save_pictures
from grokterm.tui.control.succession import end_of, is_trained_elsewhere, successor
from grokterm.tui.screens.dialogs import FieldsDialog, Question
from grokterm.tui.screens.training_dialogs import change_dialog, extend_dialog, swap_dialog
from grokterm.tui.terminal import SAVE_SECONDS

ALIVE_SECONDS = 1.0  # between two words that this screen still answers
ANSWER_SECONDS = 10.0  # that a training has for a chunk and a checkpoint
Answer = TypeVar("Answer")

PICTURES, SUCCESSOR, QUESTION = "pictures", "successor", "question"  # groups of workers


class TrainingControl:
    """Holds the training of a screen, sends it commands, and says on that screen what came of them."""

    def __init__(self, screen: Screen[None], training: Training, again: Callable[[], Training], *, bell: bool) -> None:
        self.training = training
        self.screen = screen
        self.again = again
        self.notifier = Notifier(screen, bell=bell)
        self._dialog: FieldsDialog[Command] | None = None  # the one that holds the training
        self.is_leaving = False  # the training ends because this screen leaves it
        self.is_detaching = False  # the user lets it go on in the background
        self._said_alive = 0.0
        self._is_lost = False  # the folder of the run is gone: what was known of it stays on the screen
        self._shown = ShownPhase()
        self._is_trying = False  # a dialog waits for what becomes of its command, and says it

    @property
    def state(self) -> LabState:
        """The latest state of the training."""
        return self.training.state

    def send(self, command: Command) -> None:
        """Send a command to the training."""
        self.training.send(command)

    def pause(self) -> None:
        """Pause or resume; ask how to go on after the end; turn to another process that trains the opened run meanwhile."""
        run = self.training.saved_run
        if run is not None and not self.training.is_elsewhere and is_trained_elsewhere(run):
            self._turn_to(watched(Run(run.path)))
        elif self.state.phase == "ended":
            self.extend()
        elif self.state.is_held:
            self.notifier.say("it was held by a dialog, open on another screen, which keeps it no longer", "Goes on")
            self.send(Resume())
        else:
            self._shown.show(self.state, monotonic())
            self.send(Resume() if self._shown.meant(monotonic()) == "resume" else Pause())

    def step(self) -> None:
        """Train one step while paused."""
        if self.state.phase == "paused":
            self.send(StepOnce())
        else:
            self.notifier.say("pause first", "One step at a time", "warning")

    def slower(self) -> None:
        """Choose the next slower pace."""
        self.send(SetPace(steps_per_second=slower(self.state.pace or self.state.steps_per_second)))

    def faster(self) -> None:
        """Choose the next faster pace; after the fastest, no limit."""
        if self.state.pace is not None:
            self.send(SetPace(steps_per_second=faster(self.state.pace)))

    def swap(self) -> None:
        """Ask for another training set."""
        self._ask(swap_dialog(self.state))

    def change(self) -> None:
        """Ask for other values of what may change while it trains."""
        self._ask(change_dialog(self.state))

    def extend(self) -> None:
        """Ask for more steps."""
        self._ask(extend_dialog(self.state))

    def save(self) -> None:
        """Write a checkpoint."""
        self.notifier.await_save(self.state.step)
        self.send(Save())

    def save_picture(self, view: str, pictured: LabState) -> None:
        """Save what the screen shows, in a thread: matplotlib takes a second to load."""
        run, app = self.training.saved_run, self.screen.app
        if run is None:
            self.notifier.say("its folder is made once torch is loaded", "No run yet", "warning")
            return
        svg = app.export_screenshot(title=f"grokterm: {run.name}")

        def save() -> None:
            try:
                notice = Notice(save_pictures(run, view, svg, pictured), "Picture saved")
            except StorageError as error:
                notice = Notice(str(error), "Picture not saved", "error")
            app.call_from_thread(self.notifier.say, notice.text, notice.title, notice.severity)

        self.screen.run_worker(save, thread=True, group=PICTURES)

    async def ask(self, dialog: Question[Answer], question: Callable[[LabState], str]) -> Answer:
        """Hold the training and ask; once it is held, the question is written again, as its step stays true from then on."""

        async def write_again() -> None:
            await self.until(lambda: self.state.is_held or self.state.phase == "ended")
            if dialog.is_attached:
                dialog.ask(question(self.state))

        self.send(Hold())
        self.screen.run_worker(write_again(), group=QUESTION, exclusive=True)
        return await self.screen.app.push_screen_wait(dialog)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for the training to answer, but not for one that does not."""
        deadline = monotonic() + ANSWER_SECONDS
        while not condition() and monotonic() < deadline:
            await asyncio.sleep(ANSWER_SECONDS / 1000)

    async def restart(self) -> None:
        """Save and leave this run; start again with the same settings and seed; to be awaited in a worker."""
        await self.screen.run_worker(partial(self.leave, SAVE_SECONDS), thread=True).wait()
        self.training, self._is_lost = self.again(), False
        self.notifier.forget()
        self.training.start()
        self.is_leaving = False

    def leave(self, seconds: float) -> bool:
        """Save and end the training, or leave it where it trains; return whether it was over in that time."""
        self.is_leaving = True
        return self.training.leave(seconds)

    def stay(self) -> None:
        """Once the training is over, go over to what it has saved, unless this screen leaves it, or that is gone."""
        if self.is_leaving or self._is_lost:
            return
        if (notice := end_of(self.training)) is not None:
            self.notifier.say(notice.text, notice.title, notice.severity)
        run = self.training.saved_run
        self.open_here()
        if run is not None and not self._is_lost:
            self.screen.run_worker(self._look_out(run), group=SUCCESSOR, exclusive=True)

    async def _look_out(self, run: Run) -> None:
        """Turn to the process that goes on with a run, which this one has opened, if one does soon."""
        opened = self.training
        found = await successor(run)
        if found is not None and (self.training is not opened or self.is_leaving):
            found.leave(0)
        else:
            self._turn_to(found)

    def _turn_to(self, training: AttachedTraining | FollowedTraining | None) -> None:
        """Show the training of another process instead of what was opened here, and not written to."""
        if training is None:
            return
        self.training.send(Leave())
        training.state, training.analysis = replace(self.state, phase="loading"), self.training.analysis  # until the first news
        self.training = training
        self.training.start()
        self.notifier.forget()
        where = f"in process {training.server.pid}" if isinstance(training, AttachedTraining) else "elsewhere"
        self.notifier.say(f"it goes on {where}, which is shown again", "Attached")

    def open_here(self) -> None:
        """Open the run in this process; until then, and if its folder is gone, what was known of it stays on the screen."""
        if (run := self.training.saved_run) is None:
            return
        try:
            self.training, self.again = saved_training(run, self.training), training_anew(run)
        except GroktermError as error:
            self._is_lost, why = True, gone(run.path) or str(error)
            if isinstance(self.training, AttachedTraining):
                self.training.epitaph = why
            self.notifier.say(why, "Run not found", "error")
            return
        self.training.start()
        self.is_leaving = False

    def report(self) -> None:
        """Say what has happened since the last call, and in a dialog at which step the training waits for it."""
        self._shown.show(self.state, monotonic())
        if self._dialog is not None:
            self._dialog.show_step(self.state.step if self.state.is_held else None)
        if (
            self.state.is_held
            and isinstance(self.training, AttachedTraining)
            and monotonic() > self._said_alive + ALIVE_SECONDS
        ):
            self._said_alive = monotonic()
            self.training.say_alive()
        if not self._is_trying:
            self.notifier.report(self.state)

    def _ask(self, dialog: FieldsDialog[Command]) -> None:
        """Ask for a command while the training is held, so that it takes effect at the step that the dialog shows."""
        if (trouble := self.state.trouble) is not None and not trouble.can_be_retried:
            self.notifier.say(trouble.message, "Not done", "warning")
            return
        self.send(Hold())
        self._dialog = dialog
        dialog.accept = self._try
        self.screen.app.push_screen(dialog, self._answer)

    async def _try(self, command: Command) -> str:
        """Send a command, and wait for what becomes of it; return why it is refused, or nothing."""
        training, before = self.training, self.state
        self._is_trying = True
        self.send(command)
        try:
            await self.until(lambda: self.training is not training or _is_answered(before, self.state))
        finally:
            self._is_trying = False
        refused = self.state.refusals[len(before.refusals) :] if self.training is training else ()
        self.notifier.pass_over(self.state)
        return refused[-1] if refused else ""

    def _answer(self, _: Command | None) -> None:
        self._dialog = None
        self.send(Release())


def _is_answered(before: LabState, now: LabState) -> bool:
    """Tell whether a command was carried out or refused, or will never be."""
    return (now.events, now.refusals) != (before.events, before.refusals) or now.phase == "failed"
