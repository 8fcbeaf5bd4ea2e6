"""Which runs of a folder are listed, in which order, and which of them are marked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grokterm.plots.palettes import Role
from grokterm.runs.listing.query import Query, parse_query
from grokterm.runs.listing.row import RunRow
from grokterm.views.curves import OVERLAY_ROLES
from grokterm.views.runs.sorting import Sorting


@dataclass
class Selection:
    """The runs of a folder as a user wants to see them."""

    sorting: Sorting = field(default_factory=Sorting)
    rows: Sequence[RunRow] = field(default_factory=list)  # all of them, as they were read
    listed: list[RunRow] = field(default_factory=list)
    marked: list[Path] = field(default_factory=list)
    _sorted: list[RunRow] = field(default_factory=list)  # all of them
    _query: Query = field(default_factory=lambda: parse_query(""))

    def read(self, rows: Sequence[RunRow]) -> None:
        """List what a folder holds now."""
        self.rows = rows
        paths = {row.path for row in rows}
        self.marked = [path for path in self.marked if path in paths]
        self.sort(self.sorting)

    def filter(self, text: str) -> None:
        """List the runs that a query matches.

        Raises:
            ConfigError: if it is none; then the list stays as it is.
        """
        self._query = parse_query(text)
        self.listed = list(filter(self._query.matches, self._sorted))

    def sort(self, sorting: Sorting) -> None:
        """List the same runs in another order."""
        self.sorting = sorting
        self._sorted = sorting.sort(self.rows)
        self.listed = list(filter(self._query.matches, self._sorted))

    def toggle(self, path: Path) -> bool:
        """Mark a run, or take its mark away; return whether that can be: no more are marked than are drawn."""
        if path in self.marked:
            self.marked.remove(path)
        elif len(self.marked) < len(OVERLAY_ROLES):
            self.marked.append(path)
        else:
            return False
        return True

    @property
    def marks(self) -> dict[Path, Role]:
        """The color of each marked run."""
        return dict(zip(self.marked, OVERLAY_ROLES, strict=False))

    @property
    def marked_rows(self) -> list[RunRow]:
        """The marked runs that are listed, in the order of their colors: nothing is done to one that is not seen."""
        rows = {row.path: row for row in self.listed}
        return [rows[path] for path in self.marked if path in rows]

    @property
    def hidden(self) -> str:
        """Say how many marked runs the filter hides; nothing if it hides none."""
        n_hidden, n = len(self.marked) - len(self.marked_rows), len(self.marked)
        return f"{n_hidden} of {n} marked run{'s' * (n > 1)} hidden by the filter" if n_hidden else ""
