"""Reads the runs of a folder for a screen, in a thread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic

from grokterm.errors import GroktermError
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.row import RunRow

SAY_SECONDS = 0.2  # between two words on how far a long reading is

REST_SECONDS = 1.0
SHARE_OF_TIME = 0.05  # of a processor, for reading a folder again and again


@dataclass(frozen=True)
class Reading:
    """What a folder holds."""

    rows: Sequence[RunRow]  # the same object as before if nothing has changed
    rest: float  # seconds after which to read again
    problem: str = ""  # why it cannot be read


class RunReader:
    """Reads a folder again and again, each time what has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = RunIndex(folder)
        self._rows: Sequence[RunRow] = []
        self._turn = Lock()  # of several that want to read at once

    def read(self, say: Callable[[str], object]) -> Reading:
        """Read the folder; `say` is told how far that is if it takes long."""
        with self._turn:
            started = said = monotonic()

            def progress(n_read: int, n_changed: int) -> None:
                nonlocal said
                if monotonic() > said + SAY_SECONDS:
                    said = monotonic()
                    say(f"reading {n_read:,} of {n_changed:,}")

            try:
                rows = self._index.rows(progress)
            except GroktermError as error:
                return Reading([], REST_SECONDS, str(error))
            if rows != self._rows:
                self._rows = rows
            return Reading(self._rows, max(REST_SECONDS, (monotonic() - started) / SHARE_OF_TIME))
