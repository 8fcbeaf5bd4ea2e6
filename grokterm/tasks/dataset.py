"""The equations of a task, split into training and validation."""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import permutations
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int64

from grokterm.errors import ConfigError
from grokterm.tasks.equations import NO_ANSWER, Equations
from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import MADE_OF, NO_OWN, OwnOperation, check_modulus, find_operation
from grokterm.tasks.orders import SplitName, cut, shuffled
from grokterm.tasks.randomness import generator
from grokterm.tasks.sizes import n_train, share_of
from grokterm.tasks.split_file import Operands

# A new split keeps away from what was trained on if so much of the table is left for validation: enough to measure accuracy,
# and no round share, so that members of an ensemble, whose training sets differ by an equation, decide alike.
LEAST_VAL = 0.025


class Sides(NamedTuple):
    """The tuples of each side in their order, also those that the present operation does not answer."""

    train: Equations
    val: Equations
    seen: Equations


@dataclass(frozen=True)
class Dataset:
    """All equations of an operation, split into training and what is held out.

    Tuples are those of operands: pairs (a, b), or (a, b, c). `val`, validation, holds only tuples that were never trained on,
    under any operation; it is empty where the whole table was. `seen` holds tuples that are held out now and were trained on
    before; it is empty unless a new split had too few others, or validation is empty: then it takes what leaves the training
    set, and gives what enters it. After a swap the sides may not cover the table. The order of the training rows matters: a
    smaller training set is a prefix of a larger one. Tuples that the present operation does not answer keep their side and
    position, and count again once they are answered.
    """

    operation: str
    own: OwnOperation
    """The polynomial or table of an operation without a row, kept while another is swapped in."""

    modulus: int
    n_operands: int
    split: SplitName
    label_noise: float
    seed: int
    train_fraction: float
    """The share of the table that was last asked for; under the symmetric split the training set may miss it by an equation."""

    exists: Bool[np.ndarray, " tuples"]
    """The tuples of the task, the last operand fastest: those that its operation answered at the start or at a new split."""

    was_trained: Bool[np.ndarray, " tuples"]
    """The tuples trained on before the last swap; under the symmetric split with all of the same operands."""

    sides: Sides

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
        own: OwnOperation = NO_OWN,
        n_operands: int = 2,
        sides: tuple[Operands, Operands] | None = None,
    ) -> "Dataset":
        """Split the equations of a task at random, or into these sides, whose order is kept.

        Raises:
            ConfigError: if a side would be empty.
        """
        n_elements = find_operation(operation, own, n_operands).n_elements(modulus)
        none = np.zeros(n_elements**n_operands, dtype=bool)
        nothing = Equations(np.empty((0, n_operands), np.int64), np.empty(0, np.int64))
        empty = Sides(nothing, nothing, nothing)
        task = cls(operation, own, modulus, n_operands, split, label_noise, seed, train_fraction, none, none, empty)
        if sides is None:
            return task._redrawn(0 if split == "nested" else seed)  # nested: the same shuffle for every seed
        train, val = (task._answer(operands) for operands in sides)
        return replace(task, exists=task._has_answer, sides=Sides(task._noisy(train, start=0), val, nothing))

    @cached_property
    def train(self) -> Equations:
        """The equations trained on."""
        return self.sides.train.answered

    @cached_property
    def val(self) -> Equations:
        """The equations of validation: held out, and never trained on."""
        return self.sides.val.answered

    @cached_property
    def seen(self) -> Equations:
        """The equations held out now that were trained on before; usually none."""
        return self.sides.seen.answered

    @property
    def held_out(self) -> tuple[Equations, ...]:
        """Validation and, unless it is empty, `seen`."""
        return (self.val, self.seen) if len(self.seen) else (self.val,)

    @property
    def n_elements(self) -> int:
        """How many elements a, b and their answers range over."""
        return self.definition.n_elements(self.modulus)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the table of all tuples."""
        return (self.n_elements,) * self.n_operands

    @property
    def n_equations(self) -> int:
        """Size of the whole table; train_fraction is a share of it."""
        return self.definition.n_equations(self.modulus)

    @cached_property
    def definition(self) -> Operation:
        """The operation of this name."""
        return find_operation(self.operation, self.own, self.n_operands)

    @property
    def table(self) -> Equations:
        """All equations, the last operand fastest, with the label noise of those trained on."""
        return self._as_trained(self._answer(self._tuples(self._has_answer)))

    def plane(self, held: int) -> Equations:
        """Return all equations with the third operand held, those that a sample leaves out too; of two operands the table."""
        if self.n_operands == 2:
            return self.table
        over_both = np.stack(np.divmod(np.arange(self.n_elements**2), self.n_elements), axis=1)
        return self._as_trained(self._answer(np.pad(over_both, ((0, 0), (0, 1)), constant_values=held)))

    def index_of(self, equations: Equations) -> Int64[np.ndarray, " equations"]:
        """Return the index of each tuple in the flattened table, the last operand fastest."""
        return np.ravel_multi_index(tuple(equations.operands.T), self.shape)

    def swapped(
        self,
        *,
        train_fraction: float | None = None,
        n_train: int | None = None,
        seed: int | None = None,
        operation: str | None = None,
        was_used: bool = True,
    ) -> "Dataset":
        """Return the dataset after a swap of a training set on which updates were made, unless it was not used.

        `n_train` is the fraction as a number of equations. A smaller fraction keeps a prefix of the training set and leaves
        validation unchanged; a larger one moves equations from validation, never from `seen`; another operation keeps the
        tuples. Where validation is empty, what is dropped is `seen`, and comes back from there. The fraction 1 takes
        everything, `seen` too.

        A seed makes a new split of what was never trained on if that leaves LEAST_VAL of the table for validation; what was
        trained on before is then on no side. Otherwise it splits the whole table, and the held-out rest is `val` and `seen`.

        Raises:
            ConfigError: if a side would be empty, validation has too few equations, or the modulus or a missing polynomial
                rules out the operation.
        """
        left = replace(self, was_trained=self._ever_trained) if was_used else self
        changed = left if operation is None else left._with_operation(operation)
        if n_train is not None:
            train_fraction = share_of(n_train, changed.n_equations)
        if seed is not None:
            asked = changed if train_fraction is None else replace(changed, train_fraction=train_fraction)
            return asked._redrawn(seed)
        return changed if train_fraction is None else changed._resized(train_fraction)

    def with_label_noise(self, share: float) -> "Dataset":
        """Redraw the noisy answers of the present training set, as at the start; the same dataset if the share is its own."""
        if share == self.label_noise:
            return self
        noisier, (train, val, seen) = replace(self, label_noise=share), self.sides
        return replace(noisier, sides=Sides(noisier._noisy(self._answer(train.operands), start=0), val, seen))

    def _with_operation(self, operation: str) -> "Dataset":
        if not getattr(self.own, MADE_OF.get(operation, ""), True):
            raise ConfigError(f"operation {operation} can only be swapped back to, where a task began with it")
        renamed = replace(self, operation=operation)
        check_modulus(operation, renamed.definition, self.modulus)
        if renamed.n_elements != self.n_elements:
            raise ConfigError(f"operation {operation} has {renamed.n_elements} elements, and the network {self.n_elements}")
        train, val, seen = (renamed._answer(side.operands) for side in self.sides)
        for name, before, side in (("training", self.train, train), ("validation", self.val, val)):
            if len(before) and not len(side.answered):
                raise ConfigError(f"operation {operation} leaves {name} empty: it answers none of its pairs")
        return replace(renamed, sides=Sides(renamed._noisy(train, start=0), val, seen))

    def _redrawn(self, seed: int) -> "Dataset":
        """Split the table at random, within what was never trained on if there is enough."""
        task = replace(self, exists=self.exists | self._has_answer)
        requested = n_train(self.train_fraction, self.n_equations)
        n_never = int(np.count_nonzero(self._has_answer & ~self.was_trained))
        left = max(2, LEAST_VAL * self.n_equations)  # a symmetric cut may take one more
        is_enough = n_never - requested >= left
        order = task._shuffled(generator(seed, "split"), ~self.was_trained if is_enough else task.exists)
        size = len(order) if requested == self.n_equations else task._cut(order, requested)
        train, rest = order[:size], order[size:]
        val, seen = self._by_history(rest)
        if len(self.val) and len(rest) and not len(val.answered):
            raise ConfigError(
                f"seed must leave validation an equation that was never trained on, not {seed}: {n_never:,} of"
                f" {self.n_equations:,} are left, and its split takes them all; choose a smaller train_fraction or another seed"
            )
        return replace(task, sides=Sides(task._noisy(train, start=0), val, seen))

    def _shuffled(self, rng: np.random.Generator, chosen: Bool[np.ndarray, " tuples"]) -> Equations:
        """Put the chosen tuples of the task in a random order, of which a prefix suits the split."""
        equations = self._answer(self._tuples(self.exists))
        if self.split == "stratified":
            equations = equations[np.flatnonzero(chosen[self.index_of(equations)])]
        equations = equations[shuffled(equations, self.split, self.shape, rng)]
        return equations[np.flatnonzero(chosen[self.index_of(equations)])]

    def _resized(self, train_fraction: float) -> "Dataset":
        requested, (train, val, seen) = n_train(train_fraction, self.n_equations), self.sides
        asked = replace(self, train_fraction=train_fraction)
        if requested == len(self.train):
            return asked
        if requested == self.n_equations:
            return asked._with_everything()
        if requested < len(self.train):
            size = self._cut(train, requested, len(train))
            if not len(val):
                val, dropped = self._by_history(self._answer(train.operands[size:]))
                seen = dropped.concat(seen)
            return replace(asked, sides=Sides(train[:size], val, seen))
        missing = requested - len(self.train)
        if not len(val) and missing < len(self.seen):
            size = self._cut(seen, missing, 0)
            added = self._noisy(seen[:size], start=len(self.train))
            return replace(asked, sides=Sides(train.concat(added), val, seen[size:]))
        if missing >= len(self.val):
            largest = (len(self.train) + len(self.val) - 1) / self.n_equations
            raise ConfigError(
                f"train_fraction must stay below {largest:.3f}, not {train_fraction:g}: "
                f"validation has {len(self.val):,} equations to give, and must keep one"
            )
        size = self._cut(val, missing, 0)
        added = self._noisy(val[:size], start=len(self.train))
        return replace(asked, sides=Sides(train.concat(added), val[size:], seen))

    def _with_everything(self) -> "Dataset":
        """Train on the whole table: on the present training set, and then on the other sides and what is on none."""
        task = replace(self, exists=self.exists | self._has_answer)
        is_nowhere = task.exists.copy()
        for side in self.sides:
            is_nowhere[self.index_of(side)] = False
        train, val, seen = self.sides
        added = val.concat(seen).concat(self._answer(self._tuples(is_nowhere)))
        return replace(task, sides=Sides(train.concat(self._noisy(added, start=len(self.train))), val[:0], seen[:0]))

    def _by_history(self, held_out: Equations) -> tuple[Equations, Equations]:
        """Part what is held out into what was never trained on, and what was."""
        is_seen = self.was_trained[self.index_of(held_out)]
        return held_out[np.flatnonzero(~is_seen)], held_out[np.flatnonzero(is_seen)]

    def _as_trained(self, equations: Equations) -> Equations:
        """Give equations that are trained on their noisy answers."""
        answers = np.full(self.shape, NO_ANSWER).ravel()
        for side in (equations, self.train):
            answers[self.index_of(side)] = side.answers
        return replace(equations, answers=answers[self.index_of(equations)])

    def _cut(self, equations: Equations, requested: int, *ends: int) -> int:
        return cut(equations, self.split, requested, *ends)

    @property
    def _ever_trained(self) -> Bool[np.ndarray, " tuples"]:
        table = self.was_trained.copy()
        table[self.index_of(self.train)] = True
        if self.split == "symmetric":
            trained = table.reshape(self.shape)
            table = np.any([trained.transpose(axes) for axes in permutations(range(trained.ndim))], axis=0).ravel()
        return table

    def _tuples(self, chosen: Bool[np.ndarray, " tuples"]) -> Int64[np.ndarray, "equations operands"]:
        """List the operands of the chosen tuples, in the order of the table."""
        return np.stack(np.unravel_index(np.flatnonzero(chosen), self.shape), axis=1)

    @cached_property
    def _has_answer(self) -> Bool[np.ndarray, " tuples"]:
        """The tuples of the task that the present operation answers."""
        table = np.zeros(self.shape, dtype=bool).ravel()
        sample = 0 if self.split == "nested" else self.seed
        table[np.ravel_multi_index(tuple(self.definition.operands(self.modulus, sample).T), self.shape)] = True
        return table

    def _answer(self, operands: Int64[np.ndarray, "equations operands"]) -> Equations:
        """Answer tuples by the present operation, where it does."""
        has_answer = self.definition.has_answer(operands)
        answers = np.full(len(operands), NO_ANSWER)
        answers[has_answer] = self.definition.answers(operands[has_answer], self.modulus, self.seed)
        return Equations(operands, answers)

    def _noisy(self, equations: Equations, *, start: int) -> Equations:
        """Replace a share of the answers by uniform random ones, which may be the true ones.

        `start`, the number of training rows before these, selects the random stream.
        """
        rows = np.flatnonzero(equations.answers != NO_ANSWER)
        n_noisy = round(self.label_noise * len(rows))
        if n_noisy == 0:
            return equations
        rng = generator(self.seed, "label noise", start)
        answers = equations.answers.copy()
        answers[rows[rng.permutation(len(rows))[:n_noisy]]] = rng.integers(self.n_elements, size=n_noisy)
        return replace(equations, answers=answers)
