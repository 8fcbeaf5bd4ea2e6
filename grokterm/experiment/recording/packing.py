"""Records by row and by column: runs of evaluations of one network are packed, unpacked and cut."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np
from jaxtyping import Int

from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Column, Evaluations, Table, columns_of
from grokterm.experiment.recording.records import Record

Numbers = Int[np.ndarray, " _"]

Parsed: TypeAlias = "Record | dict[str, Column]"
"""A record, or columns of evaluations of one network."""

LEAST_BYTES = 16  # of an evaluation in a journal: a table has room for all of it from the start; unused room is no memory


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


def thinned(records: Iterable[Record], most: int) -> list[Record]:
    """Keep every nth evaluation, at most so many of them, and the last one of each table; read one record after another."""
    kept, stride, n_seen = list[tuple[Numbers, Record]](), 1, 0
    for record in records:
        n = len(record) if isinstance(record, Evaluations) else int(isinstance(record, Evaluated))
        kept += _every(stride, np.arange(n_seen, n_seen + n), record)
        n_seen += n
        while n_seen > most * stride:
            stride *= 2
            kept = [one for numbered in kept for one in _every(stride, *numbered)]
    return [record for _, record in kept]


def _every(stride: int, numbers: Numbers, record: Record) -> list[tuple[Numbers, Record]]:
    is_kept = numbers % stride == 0
    if isinstance(record, Evaluations):
        is_kept[-1] |= len(record) > 1
        rows = np.flatnonzero(is_kept)
        return [(numbers[rows], record.chosen(rows))] if len(rows) else []
    return [] if isinstance(record, Evaluated) and not is_kept.all() else [(numbers, record)]


def n_unpacked(records: Iterable[Record]) -> int:
    """Count records, every evaluation by itself."""
    return sum(len(record) if isinstance(record, Evaluations) else 1 for record in records)


def last_of_each(read: Iterable[tuple[Parsed, int]]) -> Iterator[tuple[Parsed, int]]:
    """Keep of columns of evaluations the last row."""
    for one, end in read:
        yield {name: column[-1:] for name, column in one.items()} if isinstance(one, dict) else one, end


def gathered(read: Iterable[tuple[Parsed, int]], n_bytes: int) -> tuple[list[Record], list[int]]:
    """Move columns of evaluations into one table; return the records, and where each ends in a file of so many bytes."""
    table = Table({}, room=n_bytes // LEAST_BYTES)
    found, ends = list[Record | tuple[tuple[str, ...], int, int]](), list[int]()
    for one, end in read:
        if isinstance(one, dict):
            first = table.n_taken
            table.append(one)
            found.append((tuple(one), first, table.n_taken))
        else:
            found.append(one)
        ends.append(end)
    return [Evaluations.rows_of(table, *one) if isinstance(one, tuple) else one for one in found], ends
