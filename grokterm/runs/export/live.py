"""Logs of a run for other tools, which grow while it trains: each is written by a process that follows the journal."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from time import monotonic
from typing import NamedTuple

from grokterm.errors import ConfigError, StorageError
from grokterm.runs.export.table import LOGS, find_format
from grokterm.runs.store import Run
from grokterm.training.signals import start_child

MODULE = "grokterm.runs.export.follower"

LOG = "log"  # where they lie in the folder of a run

END_SECONDS = 15.0  # how long the end of a training waits for the end of its logs; less than a signal allows it


class Wanted(NamedTuple):
    """A log that was asked for."""

    kind: str
    folder: Path | None = None
    """Where folders of runs are to be; None for the folder of the run itself."""

    def __str__(self) -> str:
        return self.kind if self.folder is None else f"{self.kind}:{self.folder}"

    def place(self, run: Run) -> Path:
        """Return the folder for the log of a run."""
        return run.path / LOG if self.folder is None else self.folder / run.name


def parse_log(text: str) -> Wanted:
    """Read `tensorboard`, or `tensorboard:FOLDER`.

    Raises:
        ConfigError: if there is no such log, or what it needs is not installed.
    """
    kind, colon, folder = text.partition(":")
    if colon and not folder:
        raise ConfigError(f"--log {text} needs a folder behind the colon: write --log {kind} for the folder of the run")
    find_format(kind, "--log", LOGS)
    return Wanted(kind, Path(folder) if folder else None)


def parse_logs(texts: Sequence[str]) -> tuple[Wanted, ...]:
    """Read several.

    Raises:
        ConfigError: if one is wrong, or is there twice.
        StorageError: if a folder cannot be made.
    """
    logs = tuple(map(parse_log, texts))
    if twice := [log for log in logs if logs.count(log) > 1]:
        raise ConfigError(f"--log {twice[0].kind} is there twice: name another folder, or leave one out")
    for log in logs:
        try:
            if log.folder is not None:
                log.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"--log {log.kind}: {log.folder} cannot be made: {error.strerror}") from None
    return logs


class LiveLogs:
    """The processes that write the logs of one run, from its first record to its end."""

    def __init__(self, wanted: Sequence[Wanted] = ()) -> None:
        self._wanted = wanted
        self._followers: list[_Follower] = []
        self._not_begun: list[str] = []

    def begin(self, run: Run) -> None:
        """Let the logs be written, unless that has begun."""
        wanted, self._wanted = self._wanted, ()
        for one in wanted:
            try:
                self._followers.append(_Follower(one, run))
            except OSError as error:  # as of a disk that is full, or too many processes
                self._not_begun.append(_failure(one.kind, str(error.strerror)))

    def failures(self) -> list[str]:
        """Say which logs have failed since the last time, and why."""
        failed = [one for one in self._followers if one.has_failed()]
        self._followers = [one for one in self._followers if one not in failed]
        said = [*self._not_begun, *(_failure(one.kind, one.last_words) for one in failed)]
        self._not_begun.clear()
        for one in failed:
            one.close()
        return said

    def end(self) -> list[str]:
        """Let the logs be written to their ends; say what has failed, or takes longer."""
        for one in self._followers:
            one.ask_to_end()
        until = monotonic() + END_SECONDS
        late = [one for one in self._followers if not one.has_ended(max(0.0, until - monotonic()))]
        said = [*self.failures(), *(f"--log {one.kind}: its end is still being written, by process {one.pid}" for one in late)]
        for one in self._followers:
            one.close()
        return said


def _failure(kind: str, why: str) -> str:
    return f"--log {kind}: {why}: the training goes on without it"


class _Follower:
    """A process that writes one log."""

    def __init__(self, log: Wanted, run: Run) -> None:
        self.kind = log.kind
        self._said = TemporaryFile()  # noqa: SIM115 - as long as the process; a pipe would be full at some time
        command = [sys.executable, "-m", MODULE, log.kind, str(run.path), str(log.place(run))]
        self._process = start_child(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._said)

    @property
    def pid(self) -> int:
        """The number of the process."""
        return int(self._process.pid)

    def ask_to_end(self) -> None:
        """Let it write what is left."""
        assert self._process.stdin
        self._process.stdin.close()

    def has_ended(self, seconds: float) -> bool:
        """Wait for its end, at most this long."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.returncode = 0  # Python would warn that it still runs, which is meant
            return False
        return True

    def close(self) -> None:
        """Close what it was asked and answered by."""
        self.ask_to_end()
        self._said.close()

    def has_failed(self) -> bool:
        """Whether it has ended, and not well."""
        return self._process.poll() not in (None, 0)

    @property
    def last_words(self) -> str:
        """The last line that it has written to stderr."""
        self._said.seek(0)
        return (self._said.read().decode(errors="replace").strip().splitlines() or ["it ended without a word"])[-1]
