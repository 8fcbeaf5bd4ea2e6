"""The order of the list of runs, and how fast those in training are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import COLUMNS, Column

SPEED_SECONDS = 15.0  # over which a speed is a mean


@dataclass(frozen=True)
class Sorting:
    """By which column runs are sorted, those that are pinned always first."""

    column: str = "age"
    is_reversed: bool = False  # the other way round than its column usually is

    @property
    def is_high_first(self) -> bool:
        """Whether the largest comes first."""
        return _column(self.column).is_high_first is not self.is_reversed

    def beside(self, by: int) -> "Sorting":
        """Return a sorting by a column further on, and after the last by the first."""
        names = [one.name for one in COLUMNS]
        return Sorting(names[(names.index(self.column) + by) % len(names)])

    def chosen(self, name: str) -> "Sorting":
        """Return a sorting by this column; the other way round if it is the present one."""
        return Sorting(name, is_reversed=name == self.column and not self.is_reversed)

    def sort(self, rows: Iterable[RunRow]) -> list[RunRow]:
        """Sort runs; those of which the column says nothing come last in either direction."""
        key = _column(self.column).key
        known: list[RunRow] = []
        unknown: list[RunRow] = []
        for row in rows:
            (unknown if key(row) in {None, ""} else known).append(row)
        known.sort(key=key, reverse=self.is_high_first)  # type: ignore[arg-type] # none is None
        return sorted([*known, *unknown], key=lambda row: not row.is_pinned)


def _column(name: str) -> Column:
    return next(one for one in COLUMNS if one.name == name)


@dataclass
class Speeds:
    """How fast runs train, from the steps at which they were seen."""

    _seen: dict[Path, list[tuple[float, int]]] = field(default_factory=dict)

    def see(self, rows: Sequence[RunRow], now: float) -> None:
        """Note how far the runs in training are."""
        before, self._seen = self._seen, {}
        for row in rows:
            if row.state == "training":
                seen = before.get(row.path, [])
                if not seen or seen[-1][1] < row.step:
                    seen.append((now, row.step))
                while len(seen) > 2 and seen[1][0] < now - SPEED_SECONDS:  # two at least, of one that is slow
                    seen.pop(0)
                self._seen[row.path] = seen

    def known(self) -> dict[Path, float]:
        """Return the steps a second of those that were seen to get further."""
        return {
            path: (seen[-1][1] - seen[0][1]) / (seen[-1][0] - seen[0][0]) for path, seen in self._seen.items() if len(seen) > 1
        }
