"""Interrupt, termination and hangup: save, then leave. A second one leaves at once."""

import os
import signal
from threading import Timer
from types import FrameType
from typing import TYPE_CHECKING, Self

from grokterm.session.commands import Leave

if TYPE_CHECKING:
    from grokterm.session.session import Session

SAVE_SECONDS = 20.0
"""How long saving may take before the process ends regardless: a disk that hangs must not keep it for ever."""

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class LeaveOnSignal:
    """While it is entered, the first signal ends the session, saved; before there is a session it ends the process."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self._received = 0

    def attend(self, session: "Session") -> None:
        """End this session from now on; at once if a signal came since the one before it ended."""
        self.session = session
        if self._received:
            session.send(Leave())

    @property
    def exit_code(self) -> int:
        """128 + the signal, as shells count; 0 if none came."""
        return 128 + self._received if self._received else 0

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup stays nohup
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN if self._received else signal.SIG_DFL)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self._received or self.session is None:
            os._exit(128 + number)
        self._received = number
        limit = Timer(SAVE_SECONDS, os._exit, [128 + number])
        limit.daemon = True
        limit.start()
        self.session.send(Leave())
