"""The curves of a run as tables: a row for each evaluation of a network, and a row for each event."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from jaxtyping import Int

from grokterm.experiment.metrics import METRICS, METRICS_IN_ORDER
from grokterm.experiment.recording.evaluations import Column as Numbers
from grokterm.experiment.recording.evaluations import Table
from grokterm.runs.export.columns import Column, Kind, Piece, csv_of, parquet_to
from grokterm.runs.export.measured import events, measured, seeds_of, with_parts
from grokterm.runs.export.source import Source, beside
from grokterm.runs.journal import iterate_journal
from grokterm.runs.store import Run

ROWS_AT_ONCE = 50_000
"""Of a table that are in memory as Python's numbers, which take ten times as much as the columns."""

EVENTS: dict[str, Kind] = {"network": "text", "step": "int", "event": "text", "what": "text"}


class Tables(NamedTuple):
    """What is exported: the curves in pieces, and the events."""

    curves: Iterator[Piece]
    events: Piece


def write_csv(source: Source, path: Path) -> None:
    """Write the curves, and the events beside them, as CSV."""
    curves, happened = tables_of(source)
    for one, pieces in ((path, curves), (beside(path, "events"), [happened])):
        with one.open("wb") as file:
            file.writelines(csv_of(pieces))


def write_parquet(source: Source, path: Path) -> None:
    """Write the curves, and the events beside them, as Parquet."""
    curves, happened = tables_of(source)
    for one, pieces in ((path, curves), (beside(path, "events"), [happened])):
        with one.open("wb") as file:
            parquet_to(file, pieces)


def tables_of(source: Source) -> Tables:
    """Make the table of curves, of which each piece can be read once, and that of events.

    Raises:
        CheckpointError: if a journal cannot be read.
    """
    networks, happened = list[_Network](), list[tuple[str, int, str, str]]()
    for name, run in with_parts(source.run).items():
        found, some = _read(name, run)
        networks += found
        happened += some
    by_column = zip(*happened, strict=True) if happened else ((),) * len(EVENTS)
    columns = {name: Column(kind, values) for (name, kind), values in zip(EVENTS.items(), by_column, strict=True)}
    return Tables(_pieces(networks), columns)


class _Sparse(NamedTuple):
    """A column of which few rows have a value."""

    rows: Int[np.ndarray, " known"]
    values: Numbers

    @classmethod
    def of(cls, known: Mapping[int, float]) -> Self:
        rows = np.array(sorted(known), np.int64)
        return cls(rows, np.array([known[row] for row in rows.tolist()], np.float64))

    def between(self, first: int, last: int) -> Numbers:
        """Return the rows in a range; NaN where there is no value."""
        start, end = np.searchsorted(self.rows, [first, last])
        column = np.full(last - first, np.nan)
        column[self.rows[start:end] - first] = self.values[start:end]
        return column


class _Network(NamedTuple):
    """All that was measured of one network."""

    name: str
    seed: int
    evaluated: Mapping[str, Numbers]
    inspected: Mapping[str, _Sparse]

    def between(self, first: int, last: int) -> dict[str, list[float | None]]:
        """List the numbers of the metrics in some rows; None where there is none."""
        columns = {name: one.between(first, last) for name, one in self.inspected.items()}
        columns |= {name: one[first:last] for name, one in self.evaluated.items() if name != "step"}
        return {name: _listed(column, _known(name, column, columns)) for name, column in columns.items()}


def _known(name: str, column: Numbers, columns: Mapping[str, Numbers]) -> Numbers:
    """Return what is NaN where a metric was not measured.

    A loss that is not a number is one of a network that diverged, unless its side has no accuracy either.
    """
    return columns.get(f"{name.removesuffix('_loss')}_accuracy", column)


def _listed(column: Numbers, known: Numbers) -> list[float | None]:
    return [None if gone else value for value, gone in zip(column.tolist(), np.isnan(known).tolist(), strict=True)]


def _read(name: str, run: Run) -> tuple[list[_Network], list[tuple[str, int, str, str]]]:
    """Read the journal of a run, of which only the numbers stay in memory."""
    seeds, inspections, happened = seeds_of(run), list[Mapping[str, Numbers]](), list[tuple[str, int, str, str]]()
    tables = [Table({}) for _ in seeds]
    for record in iterate_journal(run.journal):
        happened += [(name, *event) for event in events([record])]
        for one in measured([record]):
            if one.is_inspection:
                inspections.append(one.columns)
            else:
                tables[one.network].append(one.columns)
    evaluated = [{name: column[: table.n_taken] for name, column in table.columns.items()} for table in tables]
    inspected = _at_their_steps(inspections, evaluated[0].get("step", np.empty(0)))
    networks = [_Network(name, seed, columns, {}) for seed, columns in zip(seeds, evaluated, strict=True)]
    return [networks[0]._replace(inspected=inspected), *networks[1:]], happened


def _at_their_steps(inspections: Sequence[Mapping[str, Numbers]], steps: Numbers) -> dict[str, _Sparse]:
    """Make columns of what was inspected, in the rows of the first evaluations at their steps."""
    found: dict[str, dict[int, float]] = {}
    for one in inspections:
        row = int(np.searchsorted(steps, one["step"][0]))
        if row < len(steps) and steps[row] == one["step"][0]:
            for name in one.keys() - {"step"}:
                found.setdefault(name, {})[row] = float(one[name][0])
    return {name: _Sparse.of(known) for name, known in found.items()}


def _pieces(networks: Sequence[_Network]) -> Iterator[Piece]:
    """Put the networks below one another, at least one piece of each."""
    measures = {name for one in networks for name in (*one.evaluated, *one.inspected)}
    named = [name for name in dict.fromkeys((*METRICS_IN_ORDER, *METRICS)) if name in measures]
    kinds: dict[str, Kind] = {"network": "text", "seed": "int", "step": "int", **dict.fromkeys(named, "float")}
    for one in networks:
        steps = one.evaluated.get("step", np.empty(0))
        for first in range(0, max(len(steps), 1), ROWS_AT_ONCE):
            some = steps[first : first + ROWS_AT_ONCE].astype(np.int64).tolist()
            n = len(some)
            columns = {"network": [one.name] * n, "seed": [one.seed] * n, "step": some, **one.between(first, first + n)}
            yield {name: Column(kind, columns.get(name, [None] * n)) for name, kind in kinds.items()}
