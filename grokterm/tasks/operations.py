"""The binary operations a network can be asked to learn.

To add one, write a row in OPERATIONS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Int64

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import Function, Residues, inverses, is_prime, powers_of_primitive_root
from grokterm.tasks.expressions import EXAMPLE, parse_expression
from grokterm.tasks.permutations import N_PERMUTATIONS, inverse_permutations, product_table
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm, find_sum_form

EXPRESSION = "expression"  # an operation without a row: its polynomial is a setting of the task


@dataclass(frozen=True)
class Operation:
    """An operation a ∘ b = c and its properties."""

    label: str
    """Its formula as displayed; `{p}` stands for the modulus."""

    function: Function | None
    """Computes the answers; None draws a random table from the experiment's seed, as a null hypothesis."""

    needs_prime: bool = False
    excludes_zero_divisor: bool = False
    """The equations with b = 0 do not exist."""

    is_sum_of_logarithms: bool = False
    """It becomes a sum once residues are indexed by their discrete logarithm; otherwise residues are their own index."""

    outer: Callable[[Residues, int], Residues] | None = None
    """The F of an operation F(a + b); None for other operations."""

    n_permutations: int | None = None
    """Number of permutations, which the modulus must equal; None where a, b and c are residues."""

    def n_elements(self, modulus: int) -> int:
        """Count the elements that a, b and their answers range over: 0 .. n - 1."""
        return modulus

    def operands(self, modulus: int) -> Int64[np.ndarray, "equations 2"]:
        """List every pair (a, b) that has an answer, row by row of the table."""
        n = self.n_elements(modulus)
        pairs = np.stack(np.divmod(np.arange(n**2, dtype=np.int64), n), axis=1)
        return pairs[self.has_answer(pairs)]

    def has_answer(self, operands: Int64[np.ndarray, "pairs 2"]) -> Bool[np.ndarray, " pairs"]:
        """Tell which pairs (a, b) have an answer."""
        right: Int64[np.ndarray, " pairs"] = operands[:, 1]
        return (right != 0) | (not self.excludes_zero_divisor)

    def n_equations(self, modulus: int) -> int:
        """Count the pairs that have an answer."""
        return modulus * (modulus - 1) if self.excludes_zero_divisor else modulus**2

    def answers(self, operands: Int64[np.ndarray, "equations 2"], modulus: int, seed: int) -> Residues:
        """Compute a ∘ b; only a random table uses the seed."""
        left, right = operands.T
        if self.function is not None:
            return self.function(left, right, modulus)
        table: Int64[np.ndarray, "modulus modulus"] = generator(seed, "table").integers(modulus, size=(modulus, modulus))
        return table[left, right]

    def chance(self, modulus: int, seed: int) -> float:
        """Return the accuracy of always giving the most frequent answer; it is not 1/p for every operation."""
        answers = self.answers(self.operands(modulus), modulus, seed)
        return float(np.bincount(answers).max() / len(answers))

    def is_symmetric(self, modulus: int) -> bool:
        """Tell whether a ∘ b = b ∘ a for every pair; never of a random table."""
        left, right = self.operands(modulus).T
        return self.function is not None and np.array_equal(
            self.function(left, right, modulus), self.function(right, left, modulus)
        )

    def index(self, modulus: int) -> Residues:
        """List the residues in the order in which the operation is a sum, so that a Fourier transform means something.

        For products and quotients that is g⁰, g¹, ..., without 0; it needs a prime modulus, and is plain order otherwise.
        """
        if self.is_sum_of_logarithms and is_prime(modulus):
            return powers_of_primitive_root(modulus)
        return np.arange(modulus, dtype=np.int64)

    def sum_form(self, modulus: int) -> SumForm | None:
        """Find f1, f2 and F with a ∘ b = F(f1(a) + f2(b)); None where there are none in the order of `index`."""
        return _sum_form(self, modulus)


@lru_cache(maxsize=32)
def _sum_form(operation: Operation, modulus: int) -> SumForm | None:
    inner = operation.function if operation.outer is None else OPERATIONS["add"].function
    is_defined = not operation.needs_prime or is_prime(modulus)
    if inner is None or operation.n_permutations is not None or not is_defined:
        return None
    outer = None if operation.outer is None else operation.outer(np.arange(modulus, dtype=np.int64), modulus)
    return find_sum_form(lambda left, right: inner(left, right, modulus), operation.index(modulus), modulus, outer)


OPERATIONS: dict[str, Operation] = {
    "add": Operation("a + b mod {p}", lambda a, b, p: (a + b) % p),
    "subtract": Operation("a − b mod {p}", lambda a, b, p: (a - b) % p),
    "multiply": Operation("a · b mod {p}", lambda a, b, p: a * b % p, is_sum_of_logarithms=True),
    "divide": Operation(
        "a / b mod {p}",
        lambda a, b, p: a * inverses(p)[b] % p,
        needs_prime=True,
        excludes_zero_divisor=True,
        is_sum_of_logarithms=True,
    ),
    "sum_of_squares": Operation("a² + b² mod {p}", lambda a, b, p: (a**2 + b**2) % p),
    "square_of_sum": Operation("(a + b)² mod {p}", lambda a, b, p: (a + b) ** 2 % p, outer=lambda t, p: t**2 % p),
    "parity_divide": Operation(
        "a / b if b is odd, else a − b, mod {p}",
        lambda a, b, p: np.where(b % 2 == 1, a * inverses(p)[b], a - b) % p,
        needs_prime=True,
    ),
    "quadratic_form": Operation("a² + ab + b² mod {p}", lambda a, b, p: (a**2 + a * b + b**2) % p),
    "quadratic_form_plus_a": Operation("a² + ab + b² + a mod {p}", lambda a, b, p: (a**2 + a * b + b**2 + a) % p),
    "cubic_form": Operation("a³ + ab mod {p}", lambda a, b, p: (a**3 + a * b) % p),
    "cubic": Operation("a³ + ab² + b mod {p}", lambda a, b, p: (a**3 + a * b**2 + b) % p),
    "s5_product": Operation("a · b in S5", lambda a, b, _: product_table()[a, b], n_permutations=N_PERMUTATIONS),
    "s5_conjugate": Operation(
        "a · b · a⁻¹ in S5",
        lambda a, b, _: product_table()[product_table()[a, b], inverse_permutations()[a]],
        n_permutations=N_PERMUTATIONS,
    ),
    "s5_sandwich": Operation(
        "a · b · a in S5", lambda a, b, _: product_table()[product_table()[a, b], a], n_permutations=N_PERMUTATIONS
    ),
    "random": Operation("a random table of {p} answers", None),
}


def find_operation(name: str, expression: str) -> Operation:
    """Return the row of this name, or an operation made from the task's polynomial.

    Raises:
        ConfigError: if the polynomial is missing, or cannot be read.
    """
    if name != EXPRESSION:
        return OPERATIONS[name]
    if not expression:
        raise ConfigError(f"operation {EXPRESSION} needs a polynomial in a and b: set task.expression, as in {EXAMPLE}")
    return Operation(f"{' '.join(expression.split())} mod {{p}}", parse_expression(expression))


def sums(modulus: int) -> list[str]:
    """Name the rows that have a sum form at this modulus."""
    return [name for name, operation in OPERATIONS.items() if operation.sum_form(modulus) is not None]


def check_modulus(name: str, modulus: int) -> None:
    """Refuse an operation that the modulus does not allow; an expression takes any.

    Raises:
        ConfigError: with the moduli that do, or the nearest of them.
    """
    operation = OPERATIONS.get(name)
    if operation is None:
        return
    if operation.n_permutations not in (None, modulus):
        raise ConfigError(
            f"modulus must be {operation.n_permutations} for {name}, the number of permutations of five things, not {modulus}"
        )
    if operation.needs_prime and not is_prime(modulus):
        below = next(number for number in range(modulus, 1, -1) if is_prime(number))
        above = next(number for number in range(modulus, 2 * modulus) if is_prime(number))
        raise ConfigError(f"modulus must be prime for {name}, and {modulus} is not: choose {below} or {above}")
