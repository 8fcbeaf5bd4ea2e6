"""What the keys do to a training: commands to its thread, and the dialogs that ask for them."""

from collections.abc import Callable
from functools import partial

from textual.screen import Screen

from grokterm.experiment.interventions import Action, Save
from grokterm.plots.sanitize import plain_text
from grokterm.session.commands import Command, Pause, Resume, SetPace, StepOnce
from grokterm.session.state import LabState
from grokterm.session.thread import TrainingThread
from grokterm.tui.notifications import Notifications, Severity
from grokterm.tui.pace import faster, slower
from grokterm.tui.screens.dialogs import change_dialog, swap_dialog
from grokterm.tui.terminal import SAVE_SECONDS


class TrainingControl:
    """Holds the training of a screen, sends it commands, and says on that screen what came of them."""

    def __init__(self, screen: Screen[None], thread: TrainingThread, again: Callable[[], TrainingThread]) -> None:
        self.thread = thread
        self._screen = screen
        self._again = again
        self._notifications = Notifications()

    @property
    def state(self) -> LabState:
        """The latest state of the training."""
        return self.thread.state

    def send(self, command: Command) -> None:
        """Send a command to the training."""
        self.thread.send(command)

    def pause(self) -> None:
        """Pause or resume."""
        if self.state.phase == "ended":
            self._notify("training has ended: r restarts it, n sets up another", "Ended")
        else:
            self.send(Resume() if self.state.phase == "paused" else Pause())

    def step(self) -> None:
        """Train one step while paused."""
        if self.state.phase == "paused":
            self.send(StepOnce())
        else:
            self._notify("pause first: space", "One step at a time", "warning")

    def slower(self) -> None:
        """Choose the next slower pace."""
        self.send(SetPace(steps_per_second=slower(self.state.pace or self.state.steps_per_second)))

    def faster(self) -> None:
        """Choose the next faster pace; after the fastest, no limit."""
        if self.state.pace is not None:
            self.send(SetPace(steps_per_second=faster(self.state.pace)))

    def swap(self) -> None:
        """Ask for another training set."""
        self._screen.app.push_screen(swap_dialog(self.state.experiment, self.state.operation), self._act)

    def change(self) -> None:
        """Ask for another learning rate or weight decay."""
        self._screen.app.push_screen(change_dialog(self.state.experiment), self._act)

    def save(self) -> None:
        """Write a checkpoint."""
        self._notifications.await_save(self.state.step)
        self.send(Save())

    async def restart(self) -> None:
        """Save and leave this run; start again with the same settings and seed."""
        await self._screen.run_worker(partial(self.thread.leave, SAVE_SECONDS), thread=True).wait()
        self.thread = self._again()
        self._notifications = Notifications()
        self.thread.start()

    def report(self) -> None:
        """Say what has happened since the last call."""
        for notice in self._notifications.of(self.state, self.thread.run_name):
            self._notify(notice.text, notice.title, notice.severity)

    def _act(self, action: Action | None) -> None:
        if action is not None:
            self.send(action)

    def _notify(self, text: str, title: str, severity: Severity = "information") -> None:
        self._screen.notify(plain_text(text), title=title, severity=severity, markup=False)
