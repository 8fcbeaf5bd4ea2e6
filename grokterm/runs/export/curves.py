"""The curves of a run as tables: a row for each evaluation of a network, and a row for each event."""

from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from grokterm.experiment.metrics import METRICS, METRICS_IN_ORDER
from grokterm.experiment.recording.evaluations import Column as Numbers
from grokterm.experiment.recording.evaluations import Table
from grokterm.experiment.recording.records import Record
from grokterm.runs.export.columns import Column, Kind, csv_of, parquet_of
from grokterm.runs.export.measured import events, measured, seeds_of, with_parts
from grokterm.runs.export.source import Source, beside
from grokterm.runs.journal import read_journal

Columns: TypeAlias = dict[str, list[Any]]


def write_csv(source: Source, path: Path) -> None:
    """Write the curves, and the events beside them, as CSV."""
    curves, happened = tables_of(source)
    path.write_bytes(csv_of(curves))
    beside(path, "events").write_bytes(csv_of(happened))


def write_parquet(source: Source, path: Path) -> None:
    """Write the curves, and the events beside them, as Parquet."""
    curves, happened = tables_of(source)
    path.write_bytes(parquet_of(curves))
    beside(path, "events").write_bytes(parquet_of(happened))


def tables_of(source: Source) -> tuple[dict[str, Column], dict[str, Column]]:
    """Make the table of curves and that of events.

    Raises:
        CheckpointError: if a journal cannot be read.
    """
    curves, happened = list[Columns](), list[tuple[str, int, str, str]]()
    for name, run in with_parts(source.run).items():
        records, seeds = read_journal(run.journal), seeds_of(run)
        happened += [(name, *event) for event in events(records)]
        for seed, columns in zip(seeds, _of_each_network(records, len(seeds)), strict=True):
            n_rows = len(columns["step"])
            curves.append({"network": [name] * n_rows, "seed": [seed] * n_rows, **columns})
    kinds: dict[str, Kind] = {"network": "text", "step": "int", "event": "text", "what": "text"}
    by_column = zip(*happened, strict=True) if happened else ((),) * len(kinds)
    return _joined(curves), {name: Column(kind, values) for (name, kind), values in zip(kinds.items(), by_column, strict=True)}


def _joined(tables: list[Columns]) -> dict[str, Column]:
    """Put tables below one another."""
    named = [name for name in dict.fromkeys((*METRICS_IN_ORDER, *METRICS)) if any(name in table for table in tables)]
    kinds: dict[str, Kind] = {"network": "text", "seed": "int", "step": "int", **dict.fromkeys(named, "float")}
    return {
        name: Column(kind, [*chain.from_iterable(table.get(name) or [None] * len(table["step"]) for table in tables)])
        for name, kind in kinds.items()
    }


def _of_each_network(records: Iterable[Record], n_networks: int) -> list[Columns]:
    tables, inspections = [Table({}) for _ in range(n_networks)], list[Mapping[str, Numbers]]()
    for one in measured(records):
        if one.is_inspection:
            inspections.append(one.columns)
        else:
            tables[one.network].append(one.columns)
    evaluated = [{name: column[: table.n_taken] for name, column in table.columns.items()} for table in tables]
    inspected = _at_their_steps(inspections, evaluated[0].get("step", np.empty(0)))
    return [_listed(columns) for columns in ({**inspected, **evaluated[0]}, *evaluated[1:])]


def _at_their_steps(inspections: Iterable[Mapping[str, Numbers]], steps: Numbers) -> dict[str, Numbers]:
    """Make columns of what was inspected, in the rows of the first evaluations at their steps."""
    found: dict[str, Numbers] = {}
    for one in inspections:
        row = int(np.searchsorted(steps, one["step"][0]))
        if row < len(steps) and steps[row] == one["step"][0]:
            for name in one.keys() - {"step"}:
                found.setdefault(name, np.full(len(steps), np.nan))[row] = one[name][0]
    return found


def _listed(columns: Mapping[str, Numbers]) -> Columns:
    """List the numbers; None where there is none."""
    listed: Columns = {"step": [int(step) for step in columns.get("step", ())]}
    for name, column in columns.items():
        # A loss that is not a number is one of a network that diverged, unless its side has no accuracy either.
        known = columns.get(f"{name.removesuffix('_loss')}_accuracy", column)
        if name != "step":
            listed[name] = [None if gone else value for value, gone in zip(column.tolist(), np.isnan(known), strict=True)]
    return listed
