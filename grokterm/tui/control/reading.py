"""Reads the runs of a folder for a screen, in a thread."""

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from time import monotonic, thread_time

from grokterm.errors import GroktermError
from grokterm.runs.listing.index import RunIndex
from grokterm.runs.listing.row import RunRow
from grokterm.sweeps.listing import ListedSweeps

SAY_SECONDS = 0.2  # between two words on how far a long reading is

REST_SECONDS = 1.0, 10.0  # at least, and at most: one reading of a whole folder says nothing of the next
SHARE_OF_TIME = 0.05  # of a processor, for reading a folder again and again


@dataclass(frozen=True)
class Reading:
    """What a folder holds."""

    rows: Sequence[RunRow]  # the same object as before if nothing has changed
    rest: float | None = None  # seconds after which to read again; None while it is being read
    progress: str = ""  # of a reading that takes long
    problem: str = ""  # why it cannot be read


Tell = Callable[[Reading], object]


class RunReader:
    """Reads a folder again and again, each time what has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = RunIndex(folder, ListedSweeps())
        self._rows: Sequence[RunRow] = []
        self._turn = Lock()  # of several that want to read at once

    def read(self, tell: Tell) -> None:
        """Read the folder. What is known before all is read, and how far that is, is told on the way; the last is the whole."""
        with self._turn:
            begun, used = monotonic(), thread_time()
            try:
                rows = self._index.rows(*self._on_the_way(tell))
            except GroktermError as error:
                tell(Reading([], REST_SECONDS[0], problem=str(error)))
                return
            if rows != self._rows:
                self._rows = rows
            least, most = REST_SECONDS
            # On a slow disk it takes far longer than the processor is used.
            rest = max(least, (thread_time() - used) / SHARE_OF_TIME, monotonic() - begun)
            tell(Reading(self._rows, min(rest, most)))

    def _on_the_way(self, tell: Tell) -> tuple[Callable[[int, int], None], Callable[[list[RunRow]], None]]:
        said, words = monotonic(), ""

        def progress(n_read: int, n_changed: int) -> None:
            nonlocal said, words
            if monotonic() > said + SAY_SECONDS:
                said, words = monotonic(), f"reading {n_read:,} of {n_changed:,}"
                tell(Reading(self._rows, progress=words))

        def show(rows: list[RunRow]) -> None:
            self._rows = rows
            gc.freeze()  # to look for garbage among thousands of rows takes 0.1 s, in which the screen stands still
            tell(Reading(rows, progress=words))

        return progress, show
