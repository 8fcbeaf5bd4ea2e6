"""The binary operations a network can be asked to learn.

To add one, write a function and list it in OPERATIONS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from jaxtyping import Int64

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import inverses, is_prime, powers_of_primitive_root
from grokterm.tasks.randomness import generator

Residues: TypeAlias = Int64[np.ndarray, " equations"]
Function: TypeAlias = Callable[[Residues, Residues, int], Residues]


def _add(left: Residues, right: Residues, modulus: int) -> Residues:
    return (left + right) % modulus


def _subtract(left: Residues, right: Residues, modulus: int) -> Residues:
    return (left - right) % modulus


def _multiply(left: Residues, right: Residues, modulus: int) -> Residues:
    return left * right % modulus


def _divide(left: Residues, right: Residues, modulus: int) -> Residues:
    return left * inverses(modulus)[right] % modulus


def _sum_of_squares(left: Residues, right: Residues, modulus: int) -> Residues:
    return (left**2 + right**2) % modulus


def _square_of_sum(left: Residues, right: Residues, modulus: int) -> Residues:
    return (left + right) ** 2 % modulus


@dataclass(frozen=True)
class Operation:
    """One a ∘ b = c, and what others need to know of it."""

    label: str
    """How it is written for people; `{p}` stands for the modulus."""

    function: Function | None
    """The rule; None draws the whole table at random from the experiment's seed: the null hypothesis."""

    needs_prime: bool = False
    excludes_zero_divisor: bool = False
    """The equations with b = 0 do not exist."""

    is_sum_of_logarithms: bool = False
    """It becomes a sum once residues are indexed by their discrete logarithm; otherwise residues are their own index."""

    def operands(self, modulus: int) -> Int64[np.ndarray, "equations 2"]:
        """List every pair (a, b) that has an answer, row by row of the table."""
        pairs = np.stack(np.divmod(np.arange(modulus**2, dtype=np.int64), modulus), axis=1)
        return pairs[pairs[:, 1] != 0] if self.excludes_zero_divisor else pairs

    def n_equations(self, modulus: int) -> int:
        """Count the pairs that have an answer."""
        return modulus * (modulus - 1) if self.excludes_zero_divisor else modulus**2

    def answers(self, operands: Int64[np.ndarray, "equations 2"], modulus: int, seed: int) -> Residues:
        """Compute a ∘ b; only a random table looks at the seed."""
        left, right = operands.T
        if self.function is not None:
            return self.function(left, right, modulus)
        table: Int64[np.ndarray, "modulus modulus"] = generator(seed, "table").integers(modulus, size=(modulus, modulus))
        return table[left, right]

    def chance(self, modulus: int, seed: int) -> float:
        """Return the accuracy of always giving the most frequent answer; it is not 1/p for every operation."""
        answers = self.answers(self.operands(modulus), modulus, seed)
        return float(np.bincount(answers).max() / len(answers))

    def index(self, modulus: int) -> Residues:
        """List the residues in the order in which the operation is a sum, so that a Fourier transform means something.

        For products and quotients that is g⁰, g¹, ..., without 0; it needs a prime modulus, and is plain order otherwise.
        """
        if self.is_sum_of_logarithms and is_prime(modulus):
            return powers_of_primitive_root(modulus)
        return np.arange(modulus, dtype=np.int64)


OPERATIONS: dict[str, Operation] = {
    "add": Operation("a + b mod {p}", _add),
    "subtract": Operation("a − b mod {p}", _subtract),
    "multiply": Operation("a · b mod {p}", _multiply, is_sum_of_logarithms=True),
    "divide": Operation("a / b mod {p}", _divide, needs_prime=True, excludes_zero_divisor=True, is_sum_of_logarithms=True),
    "sum_of_squares": Operation("a² + b² mod {p}", _sum_of_squares),
    "square_of_sum": Operation("(a + b)² mod {p}", _square_of_sum),
    "random": Operation("a random table of {p} answers", None),
}


def check_modulus(operation: str, modulus: int) -> None:
    """Refuse an operation that the modulus does not allow.

    Raises:
        ConfigError: with the nearest moduli that do.
    """
    if OPERATIONS[operation].needs_prime and not is_prime(modulus):
        below = next(number for number in range(modulus, 1, -1) if is_prime(number))
        above = next(number for number in range(modulus, 2 * modulus) if is_prime(number))
        raise ConfigError(f"modulus must be prime for {operation}, and {modulus} is not: choose {below} or {above}")
