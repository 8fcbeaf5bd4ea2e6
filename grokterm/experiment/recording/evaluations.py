"""Evaluations of one network, one after another with nothing between, by column: so compact that millions fit."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any, Literal, Self

import numpy as np
from jaxtyping import Float, Int
from pydantic import BaseModel, ConfigDict, PrivateAttr, model_serializer, model_validator

from grokterm.experiment.metrics import METRICS_IN_ORDER

REQUIRED = ("step", "train_loss", "train_accuracy")
SINGLE_DIGITS = (9, 8, 7)  # that tell numbers of single precision apart, and mostly do

Column = Float[np.ndarray, " evaluations"]


class Table:
    """Growable columns. Who reads them has a view of their first rows.

    A column has single precision as long as that holds every number exactly, as it does what was measured in it.
    """

    def __init__(self, columns: Mapping[str, Column], room: int = 0) -> None:
        self.columns = dict(columns)
        self.n_taken = len(self.columns["step"]) if columns else 0
        self.room = max(room, self.n_taken)  # of which memory is taken as it is filled

    def append(self, new: Mapping[str, Column], room: int = 0) -> None:
        """Append rows, of at least so many in the end; a column that is not among them, or was not before, is NaN there."""
        first, last = self.n_taken, self.n_taken + len(new["step"])
        if last > self.room:
            self.room = max(2 * last, room)
            self.columns = {name: _resized(column, first, self.room) for name, column in self.columns.items()}
        for name, values in new.items():
            if name not in self.columns:
                kind = np.float64 if name == "step" else np.float32
                self.columns[name] = _resized(np.full(first, nan, kind), first, self.room)
            if self.columns[name].dtype == np.float32 and values.dtype != np.float32 and not is_single(values):
                self.columns[name] = _resized(self.columns[name][:first].astype(np.float64), first, self.room)
        for name, column in self.columns.items():
            column[first:last] = new.get(name, nan)
        self.n_taken = last


def _resized(column: Column, n: int, room: int) -> Column:
    resized = np.empty(room, column.dtype)
    resized[:n] = column[:n]
    return resized


def is_single(values: Column) -> bool:
    """Whether single precision holds every number exactly."""
    with np.errstate(over="ignore"):
        return bool(((values.astype(np.float32) == values) | np.isnan(values)).all())


class Evaluations(BaseModel):
    """What `Evaluated` says, of some evaluations of one network in the order of their steps, by column.

    In the journal `precision` is `single` where the numbers are those of single precision that are nearest to the digits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    record: Literal["evaluations"] = "evaluations"
    columns: dict[str, np.ndarray]
    """`step` and metrics by name, without those of an empty side; as many numbers each, at least one."""

    _table: Table | None = PrivateAttr(None)
    _first: int = PrivateAttr(0)

    @model_validator(mode="before")
    @classmethod
    def _by_column(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Read what the journal has."""
        if "columns" in given:
            return given
        lists = {name: given[name] for name in ("step", *METRICS_IN_ORDER) if name in given}
        if not lists.keys() >= {*REQUIRED} or not all(isinstance(one, list) and None not in one for one in lists.values()):
            raise ValueError("has to list steps, losses and accuracies")
        return {"columns": columns_of(lists, is_single=given.get("precision") == "single")}

    @model_validator(mode="after")
    def _is_table(self) -> Self:
        steps = self.columns["step"]
        if len({len(column) for column in self.columns.values()}) > 1 or not len(steps) or (np.diff(steps) < 0).any():
            raise ValueError("has to have as many numbers in each column, in the order of the steps")
        return self

    @model_serializer
    def _as_lists(self) -> dict[str, Any]:
        """Write it as the journal has it."""
        measured = {name: column for name, column in self.columns.items() if name != "step"}
        are_single = all(column.dtype == np.float32 for column in measured.values())
        lists = {name: _written(_shortened(column) if are_single else column) for name, column in measured.items()}
        precision = {"precision": "single"} if are_single else {}
        return {"record": self.record, **precision, "step": self.columns["step"].astype(np.int64).tolist(), **lists}

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Evaluations)
            and self.columns.keys() == other.columns.keys()
            and all(np.array_equal(column, other.columns[name], equal_nan=True) for name, column in self.columns.items())
        )

    __hash__ = None  # type: ignore[assignment] # arrays have none

    def __len__(self) -> int:
        return len(self.columns["step"])

    @property
    def step(self) -> int:
        """That of the last one."""
        return int(self.columns["step"][-1])

    @property
    def table(self) -> Table | None:
        """Where the rows of all evaluations of a journal lie."""
        return self._table

    @property
    def first(self) -> int:
        """The row of the first one there."""
        return self._first

    @classmethod
    def of(cls, columns: dict[str, Column]) -> "Evaluations":
        """Make some of columns that are valid."""
        return Evaluations.model_construct(columns=columns)

    @classmethod
    def rows_of(cls, table: Table, names: Sequence[str], first: int, last: int) -> "Evaluations":
        """Return the rows of a table between two of them, with columns of these names."""
        made = Evaluations.of({name: table.columns[name][first:last] for name in names})
        made._table, made._first = table, first
        return made

    def between(self, first: int, last: int) -> "Evaluations":
        """Return those in a range, at least one."""
        between = Evaluations.of({name: column[first:last] for name, column in self.columns.items()})
        between._table, between._first = self._table, self._first + first
        return between

    def chosen(self, rows: Int[np.ndarray, " _"]) -> "Evaluations":
        """Copy some of them, in their order."""
        return self.of({name: column[rows] for name, column in self.columns.items()})

    def n_until(self, step: int) -> int:
        """Count those up to a step."""
        return int(np.searchsorted(self.columns["step"], step, side="right"))


def columns_of(lists: Mapping[str, Sequence[Any]], *, is_single: bool = False) -> dict[str, Column]:
    """Make columns of lists, with single precision where that is exact, or as it was written.

    Raises:
        ValueError, TypeError: if one is not of numbers, or a step no whole one.
    """
    steps = np.array(lists["step"])
    if steps.dtype.kind != "i":
        raise ValueError("a step has to be a whole number")
    kind = np.float32 if is_single else np.float64
    try:
        columns = {name: np.array(values, kind) for name, values in lists.items() if name != "step"}
    except OverflowError:
        raise ValueError("a whole number is larger than every float") from None
    if any(column.ndim != 1 for column in columns.values()):
        raise ValueError("a column has to list numbers")
    return {"step": steps.astype(np.float64), **{name: compact(column) for name, column in columns.items()}}


def compact(column: Column) -> Column:
    """Return a column with single precision if that holds every number exactly."""
    return column.astype(np.float32) if column.dtype != np.float32 and is_single(column) else column


def _shortened(column: Column) -> Column:
    """Return numbers of few digits to which those of single precision are the nearest ones."""
    values = shortest = column.astype(np.float64)
    with np.errstate(all="ignore"):
        exponent = np.floor(np.log10(np.abs(values)))
        for n_digits in SINGLE_DIGITS:
            scale = 10.0 ** (n_digits - 1 - exponent)
            short = np.rint(values * scale) / scale
            shortest = np.where(short.astype(np.float32) == column, short, shortest)
    return shortest


def _written(column: Column) -> list[float | str]:
    """Return what JSON has no number for as a word."""
    listed: list[float | str] = column.tolist()
    if not np.isfinite(column).all():
        words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        listed = [words.get(str(value), value) for value in listed]
    return listed
