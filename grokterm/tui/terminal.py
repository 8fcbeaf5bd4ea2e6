"""What happens when the terminal goes away: the training is saved, and no process stays behind."""

import asyncio
import signal
import sys
import termios
from collections.abc import Callable

CHECK_SECONDS = 1.0
SAVE_SECONDS = 20.0  # how long to wait for a training to save itself on leaving


def is_terminal_gone() -> bool:
    """Tell whether the terminal was closed without a signal."""
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, OSError, ValueError):
        return True
    return False


def on_signals(*, terminate: Callable[[signal.Signals], None], hang_up: Callable[[], None]) -> None:
    """Call back from the event loop on SIGTERM and SIGINT, and on SIGHUP."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, terminate, number)
    loop.add_signal_handler(signal.SIGHUP, hang_up)
