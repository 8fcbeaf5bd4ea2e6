"""Signals to a command that trains.

SIGINT, SIGTERM and SIGHUP: the first saves and ends the run, the second ends the process at once. SIGUSR1 and SIGUSR2 save the
run, which goes on.
"""

import os
import signal
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING, Protocol, Self

from grokterm.experiment.interventions import Save
from grokterm.session.commands import Leave
from grokterm.training.signals import ENDING, SAVING, ignore_saving

if TYPE_CHECKING:
    from grokterm.session.commands import Command

SAVE_SECONDS = 20.0  # time limit for saving, after which the process ends anyway: the disk may hang


class Trains(Protocol):
    """What a signal is passed on to: a session, or many."""

    def send(self, command: "Command") -> None:
        """Take a command, from any thread."""


class LeaveOnSignal:
    """Inside this context, a signal saves and ends the attached session or, without one, ends the process."""

    def __init__(self) -> None:
        self.session: Trains | None = None
        self._received = 0

    def attach(self, session: Trains) -> None:
        """Make this the session to save or end; ends it at once if a signal was received before."""
        self.session = session
        if self._received:
            session.send(Leave())

    @property
    def exit_code(self) -> int:
        """128 + the signal, as in shells; 0 without a signal."""
        return 128 + self._received if self._received else 0

    def __enter__(self) -> Self:
        for number in ENDING:
            if number.name != "SIGHUP" or signal.getsignal(number) != signal.SIG_IGN:  # respect nohup
                signal.signal(number, self._leave)
        for number in SAVING:
            signal.signal(number, self._save)
        return self

    def __exit__(self, *_: object) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_IGN if self._received else signal.SIG_DFL)
        ignore_saving()

    def _leave(self, number: int, _frame: FrameType | None) -> None:
        if self._received or self.session is None:
            os._exit(128 + number)
        self._received = number
        limit = Timer(SAVE_SECONDS, os._exit, [128 + number])
        limit.daemon = True
        limit.start()
        self.session.send(Leave())

    def _save(self, _number: int, _frame: FrameType | None) -> None:
        if self.session is not None:
            self.session.send(Save())
