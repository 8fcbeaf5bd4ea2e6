"""What the keys do to a training: commands to it, and the dialogs that ask for them."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import TypeVar

from textual.screen import Screen

from grokterm.errors import GroktermError, StorageError
from grokterm.experiment.interventions import Extend, Save
from grokterm.plots.sanitize import plain_text
from grokterm.runs.journal import read_journal
from grokterm.runs.resume import check_reached
from grokterm.runs.store import Run, check_room
from grokterm.runs.thinning import checkpoint_sizes
from grokterm.session.attaching import watched
from grokterm.session.commands import Command, GoOn, Hold, Leave, Pause, Release, Resume, SetPace, StepOnce
from grokterm.session.control import Training
from grokterm.session.follower import FollowedTraining
from grokterm.session.remote.viewer import AttachedTraining
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.control.farewell import farewell, open_command
from grokterm.tui.control.handover import hand_over, reason_against
from grokterm.tui.control.notifications import Notice, Notifications, Severity, merged
from grokterm.tui.control.opening import branched_training, saved_training, training_anew
from grokterm.tui.control.pace import faster, slower
from grokterm.tui.control.saved_pictures import save_pictures
from grokterm.tui.control.succession import end_of, is_trained_elsewhere, successor
from grokterm.tui.screens.dialogs import (
    Confirm,
    FieldsDialog,
    Question,
    Waiting,
    branch_dialog,
    change_dialog,
    extend_dialog,
    swap_dialog,
)
from grokterm.tui.terminal import SAVE_SECONDS

INFORMATION_SECONDS, WARNING_SECONDS = 3.0, 8.0  # that a notification lies over the pictures
ANSWER_SECONDS = 10.0  # that a training has for a chunk and a checkpoint
Answer = TypeVar("Answer")

PICTURES, SUCCESSOR, QUESTION = "pictures", "successor", "question"  # groups of workers


class TrainingControl:
    """Holds the training of a screen, sends it commands, and says on that screen what came of them."""

    def __init__(self, screen: Screen[None], training: Training, again: Callable[[], Training], *, bell: bool) -> None:
        self.training = training
        self._screen = screen
        self._again = again
        self._bell = bell
        self._notifications = Notifications()
        self._unsaid: list[Notice] = []
        self._shown_until = 0.0  # the last information
        self._dialog: FieldsDialog[Command] | None = None  # the one that holds the training
        self.is_leaving = False  # the training ends because this screen leaves it

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
            self.say("it was held by a dialog, open on another screen, which keeps it no longer", "Goes on")
            self.send(Resume())
        else:
            self.send(Resume() if self.state.phase == "paused" else Pause())

    def step(self) -> None:
        """Train one step while paused."""
        if self.state.phase == "paused":
            self.send(StepOnce())
        else:
            self.say("pause first", "One step at a time", "warning")

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
        self._notifications.await_save(self.state.step)
        self.send(Save())

    def save_picture(self, view: str, pictured: LabState) -> None:
        """Save what the screen shows, in a thread: matplotlib takes a second to load."""
        run, app = self.training.saved_run, self._screen.app
        if run is None:
            self.say("its folder is made once torch is loaded", "No run yet", "warning")
            return
        svg = app.export_screenshot(title=f"grokterm: {run.name}")

        def save() -> None:
            try:
                notice = Notice(save_pictures(run, view, svg, pictured), "Picture saved")
            except StorageError as error:
                notice = Notice(str(error), "Picture not saved", "error")
            app.call_from_thread(self.say, notice.text, notice.title, notice.severity)

        self._screen.run_worker(save, thread=True, group=PICTURES)

    async def branch(self, at: int | None) -> bool:
        """Ask what is to differ from a step on, the present one if it is None; begin the new run; return whether it has begun.

        At the present step the training is held meanwhile. It is left as by quitting, once nothing is known to prevent the
        branch. To be awaited in a worker.
        """
        if self.training.saved_run is None:
            self.say("its folder is made once torch is loaded", "No run yet", "warning")
            return False
        run = Run(self.training.saved_run.path)  # whose settings another process may have changed
        if at is None:
            self.send(Hold())
            await self._until(lambda: self.state.is_held or self.state.phase == "ended")
        state = self.state if at is None else self.state.until(at)
        assignments = await self._screen.app.push_screen_wait(branch_dialog(run, state))
        reason = "" if assignments is None else await asyncio.to_thread(_reason_against_another, run)
        if assignments is not None and not reason and at is None and state.saved_at != state.step:
            self.send(Save())  # so that the run can be branched there
            await self._until(lambda: self.state.saved_at == state.step or bool(self.state.unsaved))
        if at is None:
            self.send(Release())
            await self._until(lambda: not self.state.is_held)
        if assignments is None:
            return False
        if at is None and self.state.unsaved:
            reason = f"{self.state.unsaved}: make room, and press b again"
        if reason := reason or await asyncio.to_thread(_reason_against_another, run, state.step):
            self.say(reason, "Not branched", "error")
            return False
        if not await self.may_end("branch"):
            return False
        self._again = partial(branched_training, run, state.step, assignments)
        await self.restart()
        return True

    async def ask(self, dialog: Question[Answer], question: Callable[[LabState], str]) -> Answer:
        """Hold the training and ask; once it is held, the question is written again, as its step stays true from then on."""

        async def write_again() -> None:
            await self._until(lambda: self.state.is_held or self.state.phase == "ended")
            if dialog.is_attached:
                dialog.ask(question(self.state))

        self.send(Hold())
        self._screen.run_worker(write_again(), group=QUESTION, exclusive=True)
        return await self._screen.app.push_screen_wait(dialog)

    async def _until(self, condition: Callable[[], bool]) -> None:
        """Wait for the training to answer, but not for one that does not."""
        deadline = monotonic() + ANSWER_SECONDS
        while not condition() and monotonic() < deadline:
            await asyncio.sleep(ANSWER_SECONDS / 1000)

    async def restart(self) -> None:
        """Save and leave this run; start again with the same settings and seed; to be awaited in a worker."""
        await self._screen.run_worker(partial(self.leave, SAVE_SECONDS), thread=True).wait()
        self.training = self._again()
        self._notifications = Notifications()
        self.training.start()
        self.is_leaving = False

    async def detach(self) -> str:
        """Let the training go on in the background; return the last words, or nothing if the lab stays; for a worker."""
        state, run, training = self.state, self.training.saved_run, self.training
        if isinstance(training, TrainingThread):
            if reason := reason_against(training):
                self.say(reason, "Not detached", "warning")
                return ""
            await self._screen.app.push_screen(Waiting("Saving, and going on in the background ..."))
            self.is_leaving = True
            try:
                await asyncio.to_thread(hand_over, training)
            except GroktermError as error:
                self._screen.app.pop_screen()
                self.say(str(error), "Not detached", "error")
                self._open_here()
                return ""
        return farewell(state, run) if run is not None else ""

    def leave(self, seconds: float) -> bool:
        """Save and end the training, or leave it where it trains; return whether it was over in that time."""
        self.is_leaving = True
        return self.training.leave(seconds)

    def stay(self) -> None:
        """Once the training is over, go over to what it has saved, unless this screen leaves it."""
        if self.is_leaving:
            return
        if (notice := end_of(self.training)) is not None:
            self.say(notice.text, notice.title, notice.severity)
        run = self.training.saved_run
        self._open_here()
        if run is not None:
            self._screen.run_worker(self._look_out(run), group=SUCCESSOR, exclusive=True)

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
        self._notifications = Notifications()
        where = f"in process {training.server.pid}" if isinstance(training, AttachedTraining) else "elsewhere"
        self.say(f"it goes on {where}, which is shown again", "Attached")

    def _open_here(self) -> None:
        """Open the run in this process; until then, what was known of it stays on the screen."""
        if (run := self.training.saved_run) is not None:
            self.training = saved_training(run, self.training)
            self._again = training_anew(run)
            self.training.start()
            self.is_leaving = False

    def report(self) -> None:
        """Say what has happened since the last call, and in a dialog at which step the training waits for it."""
        if self._dialog is not None and self.state.is_held:
            self._dialog.show_step(self.state.step)
        notices = list(self._notifications.of(self.state))
        for notice in notices:
            self.say(notice.text, notice.title, notice.severity)
        if self._bell and any(notice.rings for notice in notices):
            self._screen.app.bell()
        if self._unsaid and monotonic() >= self._shown_until:
            notice, self._unsaid = merged(self._unsaid), []
            self._shown_until = monotonic() + INFORMATION_SECONDS
            self._screen.notify(notice.text, title=notice.title, timeout=INFORMATION_SECONDS, markup=False)

    async def may_end(self, verb: str) -> bool:
        """Ask whether to quit, leave or restart, unless nothing is lost by it; to be awaited in a worker.

        A restart is refused where no new run can be made.
        """
        run = self.training.saved_run
        if verb == "restart" and run is not None and (reason := await asyncio.to_thread(_reason_against_another, run)):
            self.say(reason, "Not restarted", "error")
            return False
        self.is_leaving = await self._is_agreed(verb)
        return self.is_leaving

    async def _is_agreed(self, verb: str) -> bool:
        state, run = self.state, self.training.saved_run
        is_kept = state.phase == "paused" and state.saved_at == state.step and not state.unsaved
        if self.training.is_elsewhere and verb != "restart":
            return True
        if (is_kept and not self.training.is_elsewhere) or state.phase not in ("training", "paused"):
            return True
        if self.training.is_elsewhere:
            here = "This run goes on where it trains. Start a new one here, with its settings and seed?"
            return await self._screen.app.push_screen_wait(Confirm(here, "Start here"))
        agree = verb.capitalize() if state.unsaved else f"Save and {verb}"

        def question(state: LabState) -> str:
            if state.unsaved:
                kept = f"step {state.saved_at:,}" if state.saved_at is not None else "the start"
                return f"{state.unsaved}. What came after {kept} will be lost."
            resume = f"Resume with `{open_command(run)}`." if run is not None else ""
            return f"Step {state.step:,} of {state.steps:,}. {agree}? {resume}"

        may_end = await self.ask(Confirm(question(state), agree), question)
        if not may_end:
            self.send(Release())
        return may_end

    def _ask(self, dialog: FieldsDialog[Command]) -> None:
        """Ask for a command while the training is held, so that it takes effect at the step that the dialog shows."""
        if self.state.ended in ("diverged", "out of memory"):
            self.send(GoOn(extend=Extend(steps=self.state.steps + 1)))  # is refused: the trainer says why
            return
        self.send(Hold())
        self._dialog = dialog
        self._screen.app.push_screen(dialog, self._answer)

    def _answer(self, command: Command | None) -> None:
        self._dialog = None
        if command is not None:
            self.send(command)
        self.send(Release())

    def say(self, text: str, title: str, severity: Severity = "information") -> None:
        """Warn at once; information waits until the last one is gone, so that one at a time covers the pictures."""
        if severity == "information":
            self._unsaid.append(Notice(plain_text(text), title))
        else:
            self._screen.notify(plain_text(text), title=title, severity=severity, timeout=WARNING_SECONDS, markup=False)


def _reason_against_another(run: Run, step: int = 0) -> str:
    """Say why no other run can begin beside one, at a step of it; empty if one can, as far as that is known before."""
    try:
        check_reached(run, step, read_journal(run.journal))
        largest = max(checkpoint_sizes(run.checkpoints).values(), default=0)
        check_room(run.path.parent, 2 * largest)  # of the step that is left, and of the run that begins
    except GroktermError as error:
        return str(error)
    return ""
