"""The evaluations of a training by column, so compact that millions fit, and the few of them that a picture of them needs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from math import isfinite, nan
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Bool, Float, Int

from grokterm.experiment.metrics import EVALUATION_METRICS, METRICS_IN_ORDER
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Column, Evaluations, Table
from grokterm.plots.curves.series import Band

COLUMNS = ("step", *METRICS_IN_ORDER)  # NaN for what is not measured
# Further columns of an ensemble: lowest and highest value among its members.
BANDS = tuple(f"{edge}_{name}" for name in EVALUATION_METRICS for edge in ("lowest", "highest"))

BLOCK = 128  # evaluations whose extremes are looked for once
_AT_ONCE = 1000  # blocks: copies of all would take as much memory as the evaluations
_LEAST_BLOCKS = 4  # in a column of a picture, from which their extremes stand for them

Indices = Int[np.ndarray, " _"]


class _Extremes:
    """The rows of the lowest and the highest number of each block, each looked for once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[Indices, Indices]] = {}

    def of(self, name: str, column: Column) -> tuple[Indices, Indices]:
        """Return them for the whole blocks of a column."""
        n_blocks, known = len(column) // BLOCK, self._found.get(name, (np.empty(0, np.int64),) * 2)
        starts = range(len(known[0]), n_blocks, _AT_ONCE)
        if starts:
            found = [known, *(_extremes_of_blocks(name, column, start, min(start + _AT_ONCE, n_blocks)) for start in starts)]
            lowest, highest = (np.concatenate(rows) for rows in zip(*found, strict=True))
            known = self._found[name] = lowest, highest
        return known[0][:n_blocks], known[1][:n_blocks]


def _extremes_of_blocks(name: str, column: Column, start: int, end: int) -> tuple[Indices, Indices]:
    blocks, first = column[start * BLOCK : end * BLOCK].reshape(-1, BLOCK), BLOCK * np.arange(start, end)
    is_shown = _is_shown(name, blocks)
    lowest = first + np.where(is_shown, blocks, np.inf).argmin(axis=1)
    return lowest, first + np.where(is_shown, blocks, -np.inf).argmax(axis=1)


def _is_shown(name: str, values: Float[np.ndarray, "..."]) -> Bool[np.ndarray, "..."]:
    """Tell which numbers a picture can show; a loss of zero has no place on a logarithmic axis."""
    is_shown: Bool[np.ndarray, ...] = np.isfinite(values)
    return is_shown & (values > 0) if name.endswith("_loss") else is_shown


@dataclass(frozen=True, eq=False)
class Curves:
    """All evaluations so far; two are equal if they are one and the same."""

    measured: Mapping[str, Column] = field(default_factory=dict)
    """The columns that were measured, by name in COLUMNS and BANDS, and `step`."""

    _table: Table | None = field(default=None, repr=False)  # where they lie; None if not shared
    _extremes: _Extremes = field(default_factory=_Extremes, repr=False)  # of the rows there

    def __len__(self) -> int:
        return len(self.measured["step"]) if self.measured else 0

    def column(self, name: str) -> Column:
        """Return one metric over the evaluations; NaN where it was not measured."""
        found = self.measured.get(name)
        return np.broadcast_to(nan, len(self)) if found is None else found

    def band(self, name: str) -> Band | None:
        """Return the lowest and the highest metric among members over the evaluations; None for a single network."""
        if f"lowest_{name}" not in self.measured:
            return None
        return self.column(f"lowest_{name}"), self.column(f"highest_{name}")

    @property
    def rows(self) -> Float[np.ndarray, "evaluations columns"]:
        """A copy with a row for each evaluation: COLUMNS, and for an ensemble BANDS."""
        return self.between(0, len(self))

    def between(self, first: int, last: int) -> Float[np.ndarray, "evaluations columns"]:
        """Copy the rows from one on, as `rows` has them."""
        has_bands = any(name in self.measured for name in BANDS)
        names = (*COLUMNS, *BANDS) if has_bands else COLUMNS
        return np.stack([self.column(name)[first:last].astype(np.float64) for name in names], axis=1)

    def until(self, step: int) -> Self:
        """Return the evaluations up to a step, without a copy."""
        n = int(np.searchsorted(self.column("step"), step, side="right"))
        return replace(self, measured={name: column[:n] for name, column in self.measured.items()})

    def chosen(self, which: slice | Indices) -> Self:
        """Return some of the evaluations."""
        return type(self)({name: column[which] for name, column in self.measured.items()})

    def extended(self, evaluations: Iterable[Evaluated | Evaluations]) -> Self:
        """Append evaluations."""
        curves = self
        for is_packed, some in groupby(evaluations, lambda one: isinstance(one, Evaluations)):
            run = list(some)
            if is_packed:
                curves = curves._extended_by_columns([one for one in run if isinstance(one, Evaluations)])
            else:
                curves = curves.appended([_row(one) + _edges(one) for one in run if isinstance(one, Evaluated)])
        return curves

    def _extended_by_columns(self, run: Sequence[Evaluations]) -> Self:
        """Append evaluations; without a copy if they are the next ones of the same table."""
        table, n = run[0].table, len(self)
        is_next = table is not None and (not n or table is self._table)
        for one in run:
            is_next = is_next and one.table is table and one.first == n
            n += len(one)
        if not is_next or table is None:
            return self.joined({name: _joined(name, run) for name in {name: None for one in run for name in one.columns}})
        names = {*self.measured, *(name for one in run for name in one.columns)}
        measured = {name: column[:n] for name, column in table.columns.items() if name in names}
        return self._in(table, self._extremes if len(self) else _Extremes(), measured)

    def appended(self, new: Sequence[Sequence[float]] | Float[np.ndarray, "evaluations columns"], room: int = 0) -> Self:
        """Append rows as `rows` has them; `room` as `joined` says."""
        if not len(new):
            return self
        columns = dict(zip((*COLUMNS, *BANDS), np.asarray(new, np.float64).T, strict=False))
        measured = {name: values for name, values in columns.items() if name in self.measured or not np.isnan(values).all()}
        return self.joined(measured, room)

    def joined(self, new: Mapping[str, Column], room: int = 0) -> Self:
        """Append columns; copies earlier rows only if the arrays are full, or already extended by another value.

        `room`: how many evaluations there will be, if that is known.
        """
        table, extremes = self._table, self._extremes
        if table is None or table.n_taken != len(self):
            table, extremes = Table(self.measured), _Extremes()
        table.append(new, room)
        return self._in(table, extremes, {name: column[: table.n_taken] for name, column in table.columns.items()})

    def _in(self, table: Table, extremes: _Extremes, measured: Mapping[str, Column]) -> Self:
        for name, column in measured.items():
            extremes.of(name, column)
        return replace(self, measured=measured, _table=table, _extremes=extremes)

    def telling(self, edges: Float[np.ndarray, " edge"], also: Iterable[float] = ()) -> Indices:
        """Return the rows that a picture needs whose columns lie between these steps, ascending.

        In each column the first row, and those of the lowest and the highest number of each metric; the rows next to the
        picture; the first and the last of all; and the last up to each of the steps in `also`.
        """
        steps = self.column("step")
        bounds = np.searchsorted(steps, edges)
        known = np.searchsorted(steps, [*also], side="right") - 1
        kept = [bounds, np.array([0, len(self) - 1, bounds[0] - 1]), known]
        parts = _Parts.of(bounds)
        for name, column in self.measured.items():
            if name != "step":
                kept += _extreme_rows(name, column, parts, self._extremes.of(name, column))
        rows: Indices = np.unique(np.concatenate(kept).astype(np.int64).clip(0, len(self) - 1))
        return rows


class _Members(NamedTuple):
    """Rows or blocks of the columns of a picture, and where each column that has some begins among them."""

    numbers: Indices
    starts: Indices

    @classmethod
    def of(cls, first: Indices, last: Indices) -> Self:
        """Join ranges."""
        lengths = np.maximum(last - first, 0)
        ends = np.cumsum(lengths)
        numbers = np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - lengths), lengths)
        return cls(numbers, (ends - lengths)[lengths > 0])

    def extreme(self, values: Float[np.ndarray, " _"], which: np.ufunc) -> Indices:
        """Return where in each column the first of the extreme values is."""
        if not len(values):
            return self.starts
        runs = np.repeat(np.arange(len(self.starts)), np.diff(np.append(self.starts, len(values))))
        found = np.flatnonzero(values == which.reduceat(values, self.starts)[runs])
        first: Indices = found[np.append(True, np.diff(runs[found]) > 0)]
        return first


class _Parts(NamedTuple):
    """What lies in the columns of a picture: in long ones whole blocks and the rows around them, in others rows alone."""

    rows: tuple[_Members, _Members]
    blocks: _Members

    @classmethod
    def of(cls, bounds: Indices) -> Self:
        """Part the rows between bounds."""
        first, last = bounds[:-1], bounds[1:]
        low, high = -(-first // BLOCK), last // BLOCK
        is_long = high - low >= _LEAST_BLOCKS
        before = _Members.of(first, np.where(is_long, low * BLOCK, last))
        after = _Members.of(np.where(is_long, high * BLOCK, last), last)
        return cls((before, after), _Members.of(low, np.where(is_long, high, low)))


def _extreme_rows(name: str, column: Column, parts: _Parts, of_blocks: tuple[Indices, Indices]) -> list[Indices]:
    """Return the rows of the lowest and the highest number in each part of each column of a picture."""
    found = []
    for sign, which, extremes in ((1, np.minimum, of_blocks[0]), (-1, np.maximum, of_blocks[1])):
        rows = extremes[parts.blocks.numbers]
        for members, candidates in ((parts.blocks, rows), *((one, one.numbers) for one in parts.rows)):
            values = column[candidates]
            shown = np.where(_is_shown(name, values), values, sign * np.inf)
            found.append(candidates[members.extreme(shown, which)])
    return found


def _joined(name: str, run: Sequence[Evaluations]) -> Column:
    return np.concatenate([one.columns.get(name, np.full(len(one), nan, np.float32)) for one in run])


def _row(evaluated: Evaluated) -> list[float]:
    values = vars(evaluated)
    return [nan if (value := values[name]) is None else value for name in COLUMNS]


def _edges(evaluated: Evaluated) -> list[float]:
    """Return the lowest and highest of each metric among the members that have not diverged."""
    if evaluated.members is None:
        return []
    rows = [{name: row[name] for name in EVALUATION_METRICS if name in row} for row in evaluated.rows]
    sound = [row for row in rows if all(map(isfinite, row.values()))] or rows
    columns = [[row[name] for row in sound if name in row] for name in EVALUATION_METRICS]
    return [edge(values, default=nan) for values in columns for edge in (min, max)]
