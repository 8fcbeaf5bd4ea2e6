"""What signals mean to a training. A system may lack some: Windows has neither SIGHUP nor SIGUSR1."""

import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


def _existing(*names: str) -> tuple[signal.Signals, ...]:
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


ENDING = _existing("SIGINT", "SIGTERM", "SIGHUP")  # save, and end
SAVING = _existing("SIGUSR1", "SIGUSR2")  # save, and go on: what Slurm's --signal can announce a time limit with


def ignore_saving() -> None:
    """Ignore the signals that save, which would end the process, while there is nothing to save."""
    for number in SAVING:
        signal.signal(number, signal.SIG_IGN)


def start_child(command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:  # noqa: ANN401 - whatever Popen takes
    """Start a process that signals do not reach, also if its whole group or Slurm step gets them: it ends with its parent.

    Options are those of `subprocess.Popen`.
    """
    with _blocked(*ENDING, *SAVING):  # a child inherits what is blocked, and imports torch before it could ignore anything
        return subprocess.Popen(
            command,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),  # the same on Windows
            **options,
        )


@contextmanager
def _blocked(*numbers: signal.Signals) -> Iterator[None]:
    """Keep signals from this thread for a moment; those of the process go to another thread, or wait."""
    if not hasattr(signal, "pthread_sigmask"):
        yield  # Windows
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
