"""The table of a sweep: a row for each member that has ended, as CSV and, with pyarrow, as Parquet."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from grokterm.errors import StorageError
from grokterm.experiment.reading.toml import format_value
from grokterm.runs.export.columns import Column, Kind, csv_of, parquet_to
from grokterm.runs.storage.durable import write_durably
from grokterm.sweeps.measuring.outcomes import along_axis, by_point
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result

CSV, PARQUET = "results.csv", "results.parquet"

LEAST_SECONDS = 5.0  # between two writings while the sweep is worked on
MOST_SHARE = 0.02  # of the time that writing may take: that of 100,000 members takes seconds

OF_A_RESULT = [name for name in Result.model_fields if name not in ("key", "metrics")]


@dataclass(frozen=True)
class Written:
    """The files of a table."""

    csv: Path
    parquet: Path | None
    """None without pyarrow."""


def columns_of(members: Sequence[Member], results: Mapping[str, Result]) -> dict[str, Column]:
    """Make the table: axes by their settings' names, seed and key, then all of the results; the seeds of a point together."""
    rows = [(one, results[one.key]) for group in by_point(members) for one in group if one.key in results]
    axes = list(dict.fromkeys(name for member in members for name in member.point.columns))
    metrics = list(dict.fromkeys(name for _, result in rows for name in result.metrics))
    kinds = {name: _kind_of_field(name) for name in OF_A_RESULT}
    return {
        **{name: _column([member.point.columns.get(name) for member, _ in rows]) for name in axes},
        "seed": Column("int", [member.seed for member, _ in rows]),
        "key": Column("text", [member.key for member, _ in rows]),
        **{name: Column(kinds[name], [getattr(result, name) for _, result in rows]) for name in OF_A_RESULT},
        **{name: Column("float", [result.metrics.get(name) for _, result in rows]) for name in metrics},
    }


def _kind_of_field(name: str) -> Kind:
    annotation = Result.model_fields[name].annotation
    return "int" if annotation in (int, int | None) else "float" if annotation in (float, float | None) else "text"


def _column(values: Sequence[Any]) -> Column:
    """Choose the kind of an axis that all its values are of; where it is text, a value that is none is written as TOML."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return Column("bool", values)
    if kinds <= {int}:
        return Column("int", values)
    if kinds <= {int, float}:
        return Column("float", [None if value is None else float(value) for value in values])
    return Column("text", [value if isinstance(value, str | None) else format_value(value) for value in values])


def write_table(sweep: SweepFolder, members: Sequence[Member], results: Mapping[str, Result]) -> Written:
    """Write both files, each at once; several processes may.

    Raises:
        StorageError: if the folder cannot be written.
    """
    columns = columns_of(along_axis(members, sweep.sweep), results)
    try:
        write_durably(sweep.path / CSV, csv_of([columns]))
        if find_spec("pyarrow") is None:
            return Written(sweep.path / CSV, None)
        parquet_to(file := BytesIO(), [columns])
        write_durably(sweep.path / PARQUET, file.getvalue())
    except OSError as error:
        raise StorageError(f"{sweep.path} cannot be written: {error.strerror}") from None
    return Written(sweep.path / CSV, sweep.path / PARQUET)


class GrowingTable:
    """The table of a sweep that is worked on: written again while it grows, but seldom."""

    def __init__(self, sweep: SweepFolder, clock: Callable[[], float] = monotonic) -> None:
        self._sweep, self._clock = sweep, clock
        self._due_at = clock() + LEAST_SECONDS
        self._n_rows = 0

    def update(self, members: Sequence[Member], results: Mapping[str, Result]) -> None:
        """Write it, if there is something new and the last time was long ago.

        Raises:
            StorageError: if the folder cannot be written.
        """
        if self._clock() < self._due_at or len(results) == self._n_rows:
            return
        self._n_rows, started = len(results), perf_counter()
        write_table(self._sweep, members, results)
        self._due_at = self._clock() + max(LEAST_SECONDS, (perf_counter() - started) / MOST_SHARE)
