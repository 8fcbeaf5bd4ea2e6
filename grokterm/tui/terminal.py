"""Whether the terminal is still there, and the signals that end the application or save its training."""

import asyncio
import signal
import sys
from collections.abc import Callable
from contextlib import suppress

from grokterm.training.signals import ENDING, SAVING

try:
    import termios
except ImportError:
    termios = None  # type: ignore[assignment] # Windows

CHECK_SECONDS = 1.0
SAVE_SECONDS = 20.0  # how long to wait for a training to save itself on leaving


def is_terminal_gone() -> bool:
    """Tell whether the terminal was closed without a signal, which Windows does not do."""
    if termios is None:
        return False
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, OSError, ValueError):
        return True
    return False


def on_signals(*, terminate: Callable[[signal.Signals], None], hang_up: Callable[[], None], save: Callable[[], None]) -> None:
    """Call back from the event loop on SIGTERM and SIGINT, on SIGHUP, and on the signals that save."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows, where the event loop handles no signals
        for number in ENDING:
            if number.name == "SIGHUP":
                loop.add_signal_handler(number, hang_up)
            else:
                loop.add_signal_handler(number, terminate, number)
        for number in SAVING:
            loop.add_signal_handler(number, save)
