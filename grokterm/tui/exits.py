"""How the application ends: at a key, at a signal, or because its terminal is gone. No training is lost by it."""

import os
from functools import partial
from signal import Signals
from threading import enumerate as living_threads
from typing import TYPE_CHECKING

from grokterm.tui.terminal import CHECK_SECONDS, SAVE_SECONDS, is_terminal_gone, on_signals

if TYPE_CHECKING:
    from grokterm.session.control import Training
    from grokterm.tui.app import GroktermApp

HUNG_UP = 129  # exit code, 128 + SIGHUP, which Windows lacks


class Exits:
    """Saves what trains, and ends an application with a line that says what became of it."""

    def __init__(self, app: "GroktermApp") -> None:
        self.last_left: Training | None = None  # the last one whose screen was left
        self._app = app

    def watch(self) -> None:
        """Heed the signals and the terminal from now on."""
        on_signals(terminate=self._terminate, hang_up=self._hang_up, save=self._save_checkpoint)
        self._app.set_interval(CHECK_SECONDS, self._check_terminal)

    async def detach(self) -> None:
        """Leave the lab, while its training goes on in the background."""
        from grokterm.tui.control.departure import detach

        if (lab := self._app.lab) is not None and (words := await detach(lab.control)):
            await self._leave_sweep()
            self._app.last_words = words
            self._app.exit(0)

    async def quit(self) -> None:
        """Ask whether the training may end; then save, and end."""
        from grokterm.tui.control.departure import may_end
        from grokterm.tui.control.training import PICTURES

        lab = self._app.lab
        if lab is None or await may_end(lab.control, "quit"):
            await self._leave_sweep()
            await self._app.run_worker(self._save_all, thread=True).wait()
            for saving in [worker for worker in self._app.workers if worker.group == PICTURES]:
                await saving.wait()
            self._end(1 if lab is not None and lab.state.unsaved else 0)

    async def _leave_sweep(self) -> None:
        """Save what a sweep trains, and say so meanwhile."""
        if (sweep := self._app.sweep) is not None:
            from grokterm.tui.screens.dialogs import Waiting

            if sweep.state.phase in ("working", "stopping"):
                await self._app.push_screen(Waiting("Saving what is trained ..."))
            await self._app.run_worker(partial(sweep.leave, SAVE_SECONDS), thread=True).wait()

    def _end(self, code: int) -> None:
        """Close the screen, and leave a line that says what became of the sweep or the last run, and how to open it."""
        if (sweep := self._app.sweep) is not None:
            from grokterm.views.sweep.words import farewell as farewell_to_sweep

            self._app.last_words = farewell_to_sweep(sweep.sweep, sweep.state)
            self._app.exit(code)
            return
        training = lab.training if (lab := self._app.lab) is not None else self.last_left
        if training is not None and training.saved_run is not None:
            from grokterm.tui.control.farewell import farewell

            self._app.last_words = farewell(training.state, training.saved_run)
        self._app.exit(code)

    def _terminate(self, number: Signals) -> None:
        self._save_all()
        self._end(128 + number)

    def _hang_up(self) -> None:
        """Save, and as the user prefers go on in the background or not."""
        from grokterm.session.thread import TrainingThread
        from grokterm.tui.control.handover import hand_over_unattended

        self._save_all()
        lab = self._app.lab
        if lab is not None and isinstance(lab.training, TrainingThread):
            is_detaching = lab.control.is_detaching  # the user has said what is to become of it
            if is_detaching or self._app.preferences.hangup_now == "continue":
                hand_over_unattended(lab.training)
        os._exit(HUNG_UP)  # an orderly exit would wait for the terminal that is gone

    def _save_checkpoint(self) -> None:
        if (lab := self._app.lab) is not None and lab.state.phase in ("training", "paused"):
            lab.control.save()

    def _check_terminal(self) -> None:
        if is_terminal_gone() and not self._app.is_headless:
            self._hang_up()

    def _save_all(self) -> None:
        """Save and end every training, also one that is still saving after its screen was left."""
        from grokterm.session.thread import TrainingThread

        for thread in living_threads():
            if isinstance(thread, TrainingThread):
                thread.leave(SAVE_SECONDS)
        if (sweep := self._app.sweep) is not None:
            sweep.leave(SAVE_SECONDS)
