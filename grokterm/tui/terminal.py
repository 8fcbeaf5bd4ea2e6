"""A terminal that goes away must not leave a process behind that spins, nor lose a training."""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable

CHECK_SECONDS = 1.0
SAVE_SECONDS = 20.0
"""How long leaving waits for a training to save itself."""


def is_terminal_gone() -> bool:
    """Tell whether the terminal was closed without a signal."""
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, OSError, ValueError):
        return True
    return False


def on_signals(*, terminate: Callable[[signal.Signals], None], hang_up: Callable[[], None]) -> None:
    """Call back in the event loop when the process is asked to end, or its terminal has gone."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, terminate, number)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def end_without_terminal() -> None:
    """End the process at once: nobody is left to restore a screen for, and closing down would wait for the terminal."""
    os._exit(128 + signal.SIGHUP)
