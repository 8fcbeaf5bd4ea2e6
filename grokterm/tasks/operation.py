"""An operation that a network can be asked to learn, and its properties."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from math import prod

import numpy as np
from jaxtyping import Bool, Int64

from grokterm.tasks.arithmetic import Function, Residues, is_prime, powers_of_primitive_root
from grokterm.tasks.groups import Group
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm, find_sum_form

MOST_EQUATIONS = 2**18
"""Of a task of three operands; a larger table is sampled."""


@dataclass(frozen=True)
class Operation:
    """An operation a ∘ b = c, or a ∘ b ∘ c = d, and its properties."""

    label: str
    """Its formula as displayed; `{p}` stands for the modulus."""

    function: Function | None
    """Computes the answers; None draws a random table from the experiment's seed, as a null hypothesis."""

    needs_prime: bool = False
    exists: Callable[[Residues, Residues], Bool[np.ndarray, " pairs"]] | None = None
    """Tells which pairs (a, b) have an answer; None if all have."""

    is_sum_of_logarithms: bool = False
    """It becomes a sum once residues are indexed by their discrete logarithm; otherwise residues are their own index."""

    outer: Callable[[Residues, int], Residues] | None = None
    """The F of an operation F(a + b); None for other operations."""

    order: int | None = None
    """Number of elements, which the modulus must equal; None where the modulus gives it."""

    elements_per_modulus: int = 1
    group: Callable[[int], Group] | None = None
    """The group of which a, b and c are elements, for a modulus; None where they are residues, or what a table numbers."""

    is_tried: bool = False
    """Its function is not ours: it is tried on the whole table before an experiment has it."""

    n_operands: int = 2
    label_of_three: str = ""
    """Its formula for three operands, worked out from the left; empty if it takes two only."""

    def n_elements(self, modulus: int) -> int:
        """Count the elements that a, b and their answers range over: 0 .. n - 1."""
        return self.elements_per_modulus * modulus

    def operands(self, modulus: int, seed: int = 0) -> Int64[np.ndarray, "equations operands"]:
        """List every tuple that has an answer, the last operand fastest; if they are too many, a sample by the seed."""
        shape = (self.n_elements(modulus),) * self.n_operands
        if self.is_sampled(modulus):
            tuples = np.sort(generator(seed, "sample").choice(prod(shape), MOST_EQUATIONS, replace=False, shuffle=False))
        else:
            tuples = np.arange(prod(shape), dtype=np.int64)
        operands = np.stack(np.unravel_index(tuples, shape), axis=1)
        return operands[self.has_answer(operands)]

    def is_sampled(self, modulus: int) -> bool:
        """Tell whether the table is so large that a task has a sample of it; a table of pairs never is."""
        return self.n_operands > 2 and self.n_elements(modulus) ** self.n_operands > MOST_EQUATIONS

    def has_answer(self, operands: Int64[np.ndarray, "tuples operands"]) -> Bool[np.ndarray, " tuples"]:
        """Tell which tuples have an answer."""
        return np.ones(len(operands), dtype=bool) if self.exists is None else self.exists(*operands.T)

    def n_equations(self, modulus: int) -> int:
        """Count the equations of a task: the tuples that have an answer, or the sample of them."""
        if self.is_sampled(modulus):
            return MOST_EQUATIONS
        return self.n_elements(modulus) ** self.n_operands if self.exists is None else _n_answered(self, modulus)

    def answers(self, operands: Int64[np.ndarray, "equations operands"], modulus: int, seed: int) -> Residues:
        """Compute a ∘ b, or a ∘ b ∘ c; only a random table uses the seed."""
        if self.function is not None:
            return self.function(*operands.T, modulus)
        left, right = operands.T
        table: Int64[np.ndarray, "modulus modulus"] = generator(seed, "table").integers(modulus, size=(modulus, modulus))
        return table[left, right]

    def chance(self, modulus: int, seed: int) -> float:
        """Return the accuracy of always giving the most frequent answer; it is not 1/p for every operation."""
        answers = self.answers(self.operands(modulus, seed), modulus, seed)
        return float(np.bincount(answers).max() / len(answers))

    def is_symmetric(self, modulus: int) -> bool:
        """Tell whether operands in any order have the same answer; never of a random table."""
        operands, function = self.operands(modulus).T, self.function
        orders = list(permutations(operands))
        return function is not None and all(
            np.array_equal(function(*orders[0], modulus), function(*order, modulus)) for order in orders[1:]
        )

    def index(self, modulus: int) -> Residues:
        """List the residues in the order in which the operation is a sum, so that a Fourier transform means something.

        For products and quotients that is g⁰, g¹, ..., without 0; it needs a prime modulus, and is plain order otherwise.
        """
        if self.is_sum_of_logarithms and is_prime(modulus):
            return powers_of_primitive_root(modulus)
        return np.arange(self.n_elements(modulus), dtype=np.int64)

    def sum_form(self, modulus: int) -> SumForm | None:
        """Find f1, f2 and F with a ∘ b = F(f1(a) + f2(b)); None where there are none in the order of `index`."""
        return _sum_form(self, modulus) if self.n_operands == 2 else None


@lru_cache(maxsize=32)
def _n_answered(operation: Operation, modulus: int) -> int:
    return len(operation.operands(modulus))


@lru_cache(maxsize=32)
def _sum_form(operation: Operation, modulus: int) -> SumForm | None:
    inner = operation.function if operation.outer is None else (lambda a, b, p: (a + b) % p)
    is_defined = not operation.needs_prime or is_prime(modulus)
    if inner is None or operation.group is not None or not is_defined:
        return None
    index = operation.index(modulus)
    if not operation.has_answer(np.stack([index.repeat(len(index)), np.tile(index, len(index))], axis=1)).all():
        return None
    outer = None if operation.outer is None else operation.outer(np.arange(modulus, dtype=np.int64), modulus)
    return find_sum_form(lambda left, right: inner(left, right, modulus), index, modulus, outer)
