"""A terminal that goes away must not leave a process behind that spins, nor lose a training."""

import asyncio
import os
import signal
import sys
import termios
from collections.abc import Callable

CHECK_SECONDS = 1.0


def is_terminal_gone() -> bool:
    """Tell whether the terminal was closed without a signal."""
    try:
        termios.tcgetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0)
    except (termios.error, OSError, ValueError):
        return True
    return False


def on_signals(*, terminate: Callable[[], None], hang_up: Callable[[], None]) -> None:
    """Call back in the event loop when the process is asked to end, or its terminal has gone."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, terminate)
    loop.add_signal_handler(signal.SIGHUP, hang_up)


def end_without_terminal() -> None:
    """End the process at once: nobody is left to restore a screen for, and closing down would wait for the terminal."""
    os._exit(128 + signal.SIGHUP)
