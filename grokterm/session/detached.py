"""A training in a process of its own, which outlives the terminal that it was started from.

It is `grokterm run` in a new session of the system. It says in one line that it has begun; from then on, what it writes goes to
a file in the folder of its run.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from grokterm.errors import NotBegunError
from grokterm.runs.store import Run
from grokterm.session.commands import Pause, SetPace

if TYPE_CHECKING:
    from grokterm.runs.naming import Named
    from grokterm.session.session import Session

OUTPUT = "output.log"


class Begun(BaseModel):
    """What a background process says once it trains."""

    name: str
    """Of the run."""

    pid: int
    socket: str
    """Where it takes commands; empty if it takes none."""


@dataclass(frozen=True)
class Outset:
    """How a training that is handed over goes on."""

    is_paused: bool = False
    pace: float | None = None  # steps per second; None for as fast as possible
    whole: "Named | None" = None  # what is trained after it, which is a part of that

    @property
    def options(self) -> list[str]:
        """As options of `grokterm run`."""
        return [
            *["--paused"] * self.is_paused,
            *([f"--pace={self.pace}"] if self.pace else []),
            *["--whole"] * (self.whole is not None),
        ]


def begin(arguments: Sequence[str]) -> tuple[Begun, str]:
    """Start `grokterm run` with these arguments in the background, and wait until it trains; return also what it has warned of.

    Raises:
        NotBegunError: with its last words, if it does not come to that.
    """
    process = _start(arguments, subprocess.PIPE, subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        begun = Begun.model_validate_json(line)
    except ValidationError:
        _, said = process.communicate()
        raise NotBegunError(_last_line(line + said), process.returncode) from None
    except BaseException:  # Ctrl+C
        process.terminate()
        raise
    said = _read_so_far(process.stderr.fileno())
    process.stdout.close()
    process.stderr.close()
    _let_go(process)
    return begun, said


def resume_in_background(run: Run, outset: Outset) -> Begun:
    """Go on with a saved run in a process of its own, and wait until it trains.

    Raises:
        NotBegunError: with its last words, if it does not come to that.
        StorageError: if the folder of the run cannot be written.
    """
    return begin(_resuming(run, outset))[0]


def resume_unattended(run: Run, outset: Outset) -> None:
    """Go on with a saved run in a process of its own, and wait for nothing: this process ends, and its terminal is gone.

    Raises:
        StorageError: if the folder of the run cannot be written.
    """
    output = os.open(run.path / OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    _let_go(_start(_resuming(run, outset), subprocess.DEVNULL, output))
    os.close(output)


def _resuming(run: Run, outset: Outset) -> list[str]:
    if outset.whole is not None:
        from grokterm.runs.whole import keep_whole

        keep_whole(run, outset.whole)
    return ["--resume", run.name, "--runs-dir", str(run.path.resolve().parent), *outset.options]


def _start(arguments: Sequence[str], stdout: int, stderr: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "grokterm", "run", *arguments, "--background"],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        start_new_session=True,
        creationflags=getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )


def _read_so_far(number: int) -> str:
    """Read what was written to a pipe that processes of an ensemble keep open."""
    if not hasattr(os, "set_blocking"):
        return ""  # Windows, before Python 3.12
    os.set_blocking(number, False)
    with suppress(BlockingIOError):
        return os.read(number, 2**16).decode(errors="replace")
    return ""


def _let_go(process: "subprocess.Popen[str]") -> None:
    process.returncode = 0  # Python would warn that it still runs, which is meant


def _last_line(said: str) -> str:
    lines = said.strip().splitlines() or ["it ended without a word"]
    return lines[-1].removeprefix("grokterm: ")


class Background:
    """This process, if it is one that trains in the background."""

    def __init__(self, outset: Outset) -> None:
        self._outset = outset
        self._has_said_so = False

    def prepare(self, session: "Session") -> None:
        """Let a session begin as it was handed over."""
        if self._outset.is_paused:
            session.send(Pause())
        if self._outset.pace is not None:
            session.send(SetPace(steps_per_second=self._outset.pace))

    def begun(self, session: "Session") -> None:
        """Announce the first session; let what is written from now on go to the folder of this one."""
        run = session.run
        if not self._has_said_so:
            self._has_said_so = True
            line = Begun(name=run.name, pid=os.getpid(), socket=session.lock.socket).model_dump_json()
            with suppress(OSError):  # the process that has started this one is gone
                os.write(1, f"{line}\n".encode())
        _write_to(run.path / OUTPUT)


def _write_to(path: Path) -> None:
    """Let standard output and standard error go to the end of a file; where that cannot be written, nowhere."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    try:
        output = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError:
        output = os.open(os.devnull, os.O_WRONLY)
    for number in (1, 2):
        os.dup2(output, number)
    os.close(output)
