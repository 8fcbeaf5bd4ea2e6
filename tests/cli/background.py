"""A command that runs while the test does something to it."""

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event

from grokterm.runs.store import Run, list_runs
from tests.cli.process import command_line, environment

SECONDS = 300
"""How long to wait for what comes at once."""

LONG = ("--set", "training.steps=10000000")
"""Longer than any test waits."""


@contextmanager
def started(command: list[str], *, new_session: bool = False, ignoring: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start a command, and see to it that it does not outlive the test."""
    handler = signal.signal(ignoring, signal.SIG_IGN) if ignoring else None  # a child inherits what is ignored
    try:
        child = subprocess.Popen(
            command,
            env=environment(),
            start_new_session=new_session,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
    finally:
        if ignoring:
            signal.signal(ignoring, handler)
    with child:
        try:
            yield child
        finally:
            child.kill()


def training(preset: Path, *options: str) -> list[str]:
    """The command line of a training that goes on until it is told to end."""
    return command_line("run", "--preset", preset, *LONG, *options)


def with_patch(patch: str, command: list[str]) -> list[str]:
    """Run a command with something in it replaced."""
    script = f"import sys\nsys.argv[0] = 'grokterm'\n{patch}\nfrom grokterm.cli.main import main\nmain()\n"
    return [sys.executable, "-c", script, *command[3:]]


def wait_for(found: Callable[[], Run | None]) -> Run:
    """Look again and again, but not for ever."""
    pause = Event()
    for _ in range(SECONDS * 100):
        if (run := found()) is not None:
            return run
        pause.wait(0.01)
    raise AssertionError("it never came")


def wait_for_lines(folder: Path, n_lines: int) -> Run:
    """Wait until the only run of a folder has so many lines in its journal."""

    def found() -> Run | None:
        runs = list_runs(folder)
        return runs[0] if runs and runs[0].journal.read_bytes().count(b"\n") >= n_lines else None

    return wait_for(found)
