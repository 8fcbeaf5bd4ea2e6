"""Which equations a network answers right and wrong, and its most frequent wrong answers."""

from dataclasses import dataclass
from enum import IntEnum
from math import nan
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from grokterm.analysis.observation import Observation, Side

Table = Int[np.ndarray, "elements elements"]
"""A Cell for each (a, b)."""


class Cell(IntEnum):
    """Side and outcome of a pair (a, b)."""

    ABSENT = 0
    """No equation: division by zero."""

    NEITHER_WRONG = 1
    NEITHER_RIGHT = 2
    TRAIN_WRONG = 3
    TRAIN_RIGHT = 4
    VAL_WRONG = 5
    VAL_RIGHT = 6
    SEEN_WRONG = 7
    SEEN_RIGHT = 8

    @classmethod
    def of(cls, side: Side, *, is_right: bool) -> "Cell":
        """Return the cell of an equation on a side."""
        return cls(1 + 2 * side + is_right)


class Confusion(NamedTuple):
    """How many equations with one answer were given another."""

    answer: int
    predicted: int
    n_equations: int


@dataclass(frozen=True)
class Tally:
    """Number of equations, and of those answered right."""

    n_equations: int
    n_right: int

    @property
    def accuracy(self) -> float:
        """The share answered right; NaN without equations."""
        return self.n_right / self.n_equations if self.n_equations else nan


@dataclass(frozen=True)
class MirrorLeakage:
    """Validation split by whether the mirror (b, a) is trained on now, which leaks the answer if a ∘ b = b ∘ a."""

    leaked: Tally
    rest: Tally

    @property
    def share(self) -> float:
        """The share of validation that is leaked; NaN without validation."""
        return Tally(self.leaked.n_equations + self.rest.n_equations, self.leaked.n_equations).accuracy


def outcome_table(observation: Observation) -> Table:
    """Return the cell of every pair (a, b)."""
    cells = 1 + 2 * observation.sides + observation.is_right
    return observation.as_table(cells, missing=float(Cell.ABSENT)).astype(np.int64)


def count_cells(table: Table) -> dict[Cell, int]:
    """Count the cells of each kind."""
    counts = np.bincount(table.ravel(), minlength=len(Cell))
    return {cell: int(counts[cell]) for cell in Cell}


def answered_right(table: Table, side: Side) -> Float[np.ndarray, "elements elements"]:
    """Return 1 where an equation of a side is answered right, 0 where it is answered wrong, and NaN elsewhere.

    Sides stay apart: one share for both would show a network that memorizes as mostly right.
    """
    cells = [Cell.of(side, is_right=is_right) for is_right in (True, False)]
    return np.select([table == cell for cell in cells], [1.0, 0.0], nan)


def confusions(observation: Observation, side: Side = Side.VAL, *, at_most: int = 10) -> list[Confusion]:
    """List the most frequent wrong answers on a side, ties by answer."""
    wrong = (observation.sides == side) & ~observation.is_right
    pairs = np.stack([observation.answers[wrong], observation.predicted[wrong]], axis=1)
    distinct, counts = np.unique(pairs, axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:at_most]
    return [Confusion(int(distinct[row, 0]), int(distinct[row, 1]), int(counts[row])) for row in most]


def mirror_leakage(observation: Observation) -> MirrorLeakage:
    """Count how much of validation the training set leaks by symmetry, and how well both parts are answered.

    If a ∘ b is not b ∘ a, nothing leaks and both parts should have the same accuracy.
    """
    is_val = observation.sides == Side.VAL
    is_trained = observation.as_table(observation.sides == Side.TRAIN, missing=0.0).astype(bool)
    mirror_is_trained: Bool[np.ndarray, " equations"] = is_trained.T[tuple(observation.operands.T)]
    return MirrorLeakage(
        _tally(observation.is_right[is_val & mirror_is_trained]), _tally(observation.is_right[is_val & ~mirror_is_trained])
    )


def _tally(is_right: Bool[np.ndarray, " equations"]) -> Tally:
    return Tally(len(is_right), int(is_right.sum()))
