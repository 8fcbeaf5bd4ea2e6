"""Records by row and by column: runs of evaluations of one network are packed, unpacked and cut."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from math import nan

import numpy as np

from grokterm.experiment.evaluations import Column, Evaluations, Table, columns_of
from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.records import Evaluated, Record

ROOM = 1.25  # of what is read together, to be trained on without a copy: what is not used takes no memory


def packed(records: Iterable[Record]) -> Iterator[Record]:
    """Pack what was evaluated one after another, of the same sides; one alone stays as it is, and so do ensembles."""
    for _, some in groupby(_numbered(records), lambda one: one[0]):
        run = [record for _, record in some]
        evaluated = [record for record in run if isinstance(record, Evaluated) and record.members is None]
        yield from [Evaluations.of(columns_of_rows(evaluated))] if len(evaluated) > 1 else run


def _numbered(records: Iterable[Record]) -> Iterator[tuple[int, Record]]:
    """Give records the same number that go together."""
    number, before, sides = 0, -1, None
    for record in records:
        values = vars(record)
        is_single = isinstance(record, Evaluated) and record.members is None
        measured = [name for name in METRICS_IN_ORDER if values[name] is not None] if is_single else None
        if measured is None or measured != sides or record.step < before:
            number += 1
        before, sides = record.step, measured
        yield number, record


def columns_of_rows(evaluated: Sequence[Evaluated]) -> dict[str, Column]:
    """Make columns of evaluations of one network that have measured the same."""
    rows = [vars(one) for one in evaluated]
    names = ("step", *(name for name in METRICS_IN_ORDER if rows[0][name] is not None))
    return columns_of({name: [row[name] for row in rows] for name in names})


def unpacked(records: Iterable[Record]) -> Iterator[Record]:
    """Return every evaluation by itself."""
    for record in records:
        if isinstance(record, Evaluations):
            yield from rows_of(record)
        else:
            yield record


def rows_of(evaluations: Evaluations, chosen: Iterable[int] | None = None) -> Iterator[Evaluated]:
    """Return every evaluation by itself, or some of them."""
    some = evaluations if chosen is None else evaluations.chosen(np.array([*chosen]))
    for row in zip(*(column.tolist() for column in some.columns.values()), strict=True):
        values = dict(zip(some.columns, row, strict=True))
        yield Evaluated.model_construct(**values | {"step": int(values["step"])})


def until(records: Iterable[Record], step: int) -> Iterator[Record]:
    """Return what was recorded up to a step."""
    for record in records:
        if isinstance(record, Evaluations) and record.step > step:
            if n := record.n_until(step):
                yield record.between(0, n)
        elif record.step <= step:
            yield record


def since(records: Iterable[Record], step: int) -> Iterator[Record]:
    """Return what was recorded after a step."""
    for record in records:
        if record.step > step:
            yield record.between(record.n_until(step), len(record)) if isinstance(record, Evaluations) else record


def n_unpacked(records: Iterable[Record]) -> int:
    """Count records, every evaluation by itself."""
    return sum(len(record) if isinstance(record, Evaluations) else 1 for record in records)


def gathered(read: Sequence[Record | dict[str, Column]]) -> list[Record]:
    """Move columns of evaluations, in their order, into one table; what is given has none then."""
    pieces = [one for one in read if isinstance(one, dict)]
    names, ends = [tuple(piece) for piece in pieces], np.cumsum([0, *(len(piece["step"]) for piece in pieces)]).tolist()
    table = _table_of(pieces, ends)
    moved = iter(Evaluations.rows_of(table, *one) for one in zip(names, ends, ends[1:], strict=False))
    return [next(moved) if isinstance(one, dict) else one for one in read]


def _table_of(pieces: Sequence[dict[str, Column]], ends: Sequence[int]) -> Table:
    columns = dict[str, Column]()
    for name in ("step", *METRICS_IN_ORDER):
        parts = [piece.pop(name, None) for piece in pieces]
        kinds = {part.dtype for part in parts if part is not None}
        if kinds:
            columns[name] = np.empty(int(ROOM * ends[-1]) + 1, np.result_type(*kinds))
            for part, first, last in zip(parts, ends, ends[1:], strict=False):
                columns[name][first:last] = nan if part is None else part
    return Table(columns, n_taken=ends[-1])
