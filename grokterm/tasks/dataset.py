"""The equations of a task, split into training and validation."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Int64

from grokterm.errors import ConfigError
from grokterm.tasks.operations import EXPRESSION, Operation, check_modulus, find_operation
from grokterm.tasks.randomness import generator
from grokterm.tasks.stratification import stratified_order

SplitName = Literal["random", "nested", "symmetric", "stratified"]


@dataclass(frozen=True)
class Equations:
    """Rows a ∘ b = c."""

    operands: Int64[np.ndarray, "equations 2"]
    answers: Int64[np.ndarray, " equations"]

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, rows: slice | Int64[np.ndarray, " rows"]) -> "Equations":
        return Equations(self.operands[rows], self.answers[rows])

    def concat(self, later: "Equations") -> "Equations":
        """Append rows."""
        return Equations(np.concatenate([self.operands, later.operands]), np.concatenate([self.answers, later.answers]))


@dataclass(frozen=True)
class Dataset:
    """All equations of an operation, split into training and validation.

    The order of the training rows matters: a smaller training set is a prefix of a larger one. Validation holds only
    equations that were never trained on, so after a shrink the two sides may not cover the table.
    """

    operation: str
    expression: str
    """The polynomial of the operation `expression`, kept while another operation is swapped in."""

    modulus: int
    split: SplitName
    label_noise: float
    seed: int
    train: Equations
    val: Equations

    @classmethod
    def create(  # noqa: PLR0913 - the settings of a task, one each
        cls,
        *,
        operation: str,
        modulus: int,
        split: SplitName,
        label_noise: float,
        train_fraction: float,
        seed: int,
        expression: str = "",
    ) -> "Dataset":
        """Split the equations of a task at random.

        Raises:
            ConfigError: if a side would be empty.
        """
        rng = generator(0 if split == "nested" else seed, "split")  # nested: the same shuffle for every seed
        empty = Equations(np.empty((0, 2), np.int64), np.empty(0, np.int64))
        return cls(operation, expression, modulus, split, label_noise, seed, empty, empty)._with_split(rng, train_fraction)

    @property
    def n_equations(self) -> int:
        """Size of the whole table; train_fraction is a share of it."""
        return self.definition.n_equations(self.modulus)

    @property
    def definition(self) -> Operation:
        """The operation of this name."""
        return find_operation(self.operation, self.expression)

    @property
    def table(self) -> Equations:
        """All equations, b fastest, with the label noise of those trained on."""
        table = self._answered(self.definition.operands(self.modulus))
        answers = np.full(self.modulus**2, -1)
        for side in (table, self.train):
            answers[self.pair_index(side)] = side.answers
        return replace(table, answers=answers[self.pair_index(table)])

    def pair_index(self, equations: Equations) -> Int64[np.ndarray, " equations"]:
        """Return the index of each pair (a, b) in the flattened table, b fastest."""
        return equations.operands[:, 0] * self.modulus + equations.operands[:, 1]

    def swapped(
        self, *, train_fraction: float | None = None, seed: int | None = None, operation: str | None = None
    ) -> "Dataset":
        """Return the dataset after a swap of the training set.

        A smaller fraction keeps a prefix of the training set and leaves validation unchanged; a larger one moves equations
        from validation; a seed makes a new split; another operation keeps the pairs that have an answer.

        Raises:
            ConfigError: if a side would be empty, validation has too few equations, or the modulus or a missing polynomial
                rules out the operation.
        """
        changed = self if operation is None else self._with_operation(operation)
        if seed is not None:
            share = len(changed.train) / changed.n_equations if train_fraction is None else train_fraction
            return changed._with_split(generator(seed, "split"), share)
        return changed if train_fraction is None else changed._resized(train_fraction)

    def _with_operation(self, operation: str) -> "Dataset":
        check_modulus(operation, self.modulus)
        if operation == EXPRESSION and not self.expression:
            raise ConfigError(f"operation {EXPRESSION} can only be swapped back to, where a task began with it")
        renamed = replace(self, operation=operation)
        train, val = (renamed._answered(side.operands) for side in (self.train, self.val))
        for name, side in (("training", train), ("validation", val)):
            if len(side) == 0:
                raise ConfigError(f"operation {operation} leaves {name} empty: its equations all divide by zero")
        return replace(renamed, train=renamed._noisy(train, start=0), val=val)

    def _with_split(self, rng: np.random.Generator, train_fraction: float) -> "Dataset":
        operands = self.definition.operands(self.modulus)
        if self.split == "symmetric":
            low, high = operands.min(axis=1), operands.max(axis=1)
            rank = rng.permutation(self.modulus**2)[low * self.modulus + high]  # mirrors share a rank
            equations = self._answered(operands[np.argsort(rank, kind="stable")])
        elif self.split == "stratified":
            equations = self._answered(operands)
            equations = equations[stratified_order(equations.answers, rng)]
        else:
            equations = self._answered(rng.permutation(operands))
        size = self._size(equations, n_train(train_fraction, self.n_equations))
        return replace(self, train=self._noisy(equations[:size], start=0), val=equations[size:])

    def _resized(self, train_fraction: float) -> "Dataset":
        requested = n_train(train_fraction, self.n_equations)
        if requested <= len(self.train):
            return replace(self, train=self.train[: self._size(self.train, requested, len(self.train))])
        missing = requested - len(self.train)
        if missing >= len(self.val):
            largest = (len(self.train) + len(self.val) - 1) / self.n_equations
            raise ConfigError(
                f"train_fraction must stay below {largest:.3f}, not {train_fraction:g}: "
                f"validation has {len(self.val):,} equations to give, and must keep one"
            )
        size = self._size(self.val, missing, 0)
        added = self._noisy(self.val[:size], start=len(self.train))
        return replace(self, train=self.train.concat(added), val=self.val[size:])

    def _size(self, equations: Equations, requested: int, *ends: int) -> int:
        """Return the size nearest to the requested one that, under the symmetric split, keeps mirrored pairs together.

        Allowed: sizes between two equations, and these ends.
        """
        if self.split != "symmetric":
            return requested
        mirrored = np.sort(equations.operands, axis=1)
        inside = np.flatnonzero(np.any(mirrored[1:] != mirrored[:-1], axis=1)) + 1
        sizes = np.array(sorted({*ends, *inside}))
        return int(sizes[np.argmin(np.abs(sizes - requested))])

    def _answered(self, operands: Int64[np.ndarray, "equations 2"]) -> Equations:
        operation = self.definition
        if operation.excludes_zero_divisor:
            operands = operands[operands[:, 1] != 0]
        return Equations(operands, operation.answers(operands, self.modulus, self.seed))

    def _noisy(self, equations: Equations, *, start: int) -> Equations:
        """Replace a share of the answers by uniform random ones, which may be the true ones.

        `start`, the number of training rows before these, selects the random stream.
        """
        n_noisy = round(self.label_noise * len(equations))
        if n_noisy == 0:
            return equations
        rng = generator(self.seed, "label noise", start)
        answers = equations.answers.copy()
        answers[rng.permutation(len(answers))[:n_noisy]] = rng.integers(self.modulus, size=n_noisy)
        return replace(equations, answers=answers)


def n_train(train_fraction: float, n_equations: int) -> int:
    """Return the size of a training set from its share of the table.

    Raises:
        ConfigError: if training or validation would be empty.
    """
    size = round(train_fraction * n_equations)
    if 0 < size < n_equations:
        return size
    side = "training" if size == 0 else "validation"
    raise ConfigError(
        f"train_fraction {train_fraction:g} of {n_equations:,} equations leaves {side} empty: choose another share"
    )
