"""The operations a network can be asked to learn.

To add one, write a row in OPERATIONS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import permutations
from math import factorial, prod

import numpy as np
from jaxtyping import Bool, Int64

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import Function, Residues, inverses, is_prime, powers_of_primitive_root
from grokterm.tasks.equations import MOST_ELEMENTS, NO_ANSWER
from grokterm.tasks.expressions import EXAMPLE, parse_expression
from grokterm.tasks.groups import Group, alternating, cyclic_product, dihedral, symmetric
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm, find_sum_form
from grokterm.tasks.tables import Table

EXPRESSION, TABLE, CYCLIC_PRODUCT = "expression", "table", "cyclic_product"

MADE_OF = {EXPRESSION: "expression", TABLE: "table", CYCLIC_PRODUCT: "factors"}
"""The operations without a row, and the setting of the task that each is made of."""

MOST_EQUATIONS = 2**18
"""Of a task of three operands; a larger table is sampled."""

MOST_TUPLES = 2**24
"""Of three operands, of which a table is sampled."""


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
    inner = operation.function if operation.outer is None else OPERATIONS["add"].function
    is_defined = not operation.needs_prime or is_prime(modulus)
    if inner is None or operation.group is not None or not is_defined:
        return None
    index = operation.index(modulus)
    if not operation.has_answer(np.stack([index.repeat(len(index)), np.tile(index, len(index))], axis=1)).all():
        return None
    outer = None if operation.outer is None else operation.outer(np.arange(modulus, dtype=np.int64), modulus)
    return find_sum_form(lambda left, right: inner(left, right, modulus), index, modulus, outer)


OPERATIONS: dict[str, Operation] = {
    "add": Operation("a + b mod {p}", lambda a, b, p: (a + b) % p, label_of_three="a + b + c mod {p}"),
    "subtract": Operation("a − b mod {p}", lambda a, b, p: (a - b) % p),
    "multiply": Operation(
        "a · b mod {p}", lambda a, b, p: a * b % p, is_sum_of_logarithms=True, label_of_three="a · b · c mod {p}"
    ),
    "divide": Operation(
        "a / b mod {p}",
        lambda a, b, p: a * inverses(p)[b] % p,
        needs_prime=True,
        exists=lambda _, b: b != 0,
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
    "random": Operation("a random table of {p} answers", None),
}


def _of_one_order(make: Callable[[int], Group], n: int) -> Callable[[int], Group]:
    return lambda _modulus: make(n)


GROUPS: dict[str, tuple[Callable[[int], Group], int | None]] = {
    **{f"s{n}": (_of_one_order(symmetric, n), factorial(n)) for n in (3, 4, 5, 6)},
    **{f"a{n}": (_of_one_order(alternating, n), factorial(n) // 2) for n in (4, 5, 6)},
    "dihedral": (dihedral, None),
}
"""Groups that are not commutative, and their number of elements if no modulus gives it."""


def _conjugate(group: Group, a: Residues, b: Residues) -> Residues:
    return group.product[group.product[a, b], group.inverses[a]]


def _sandwich(group: Group, a: Residues, b: Residues) -> Residues:
    return group.product[group.product[a, b], a]


def _in_group(name: str) -> dict[str, Operation]:
    group, order = GROUPS[name]
    label, per_modulus = (name.upper(), 1) if order else ("D{p}", 2)
    forms: dict[str, tuple[str, Callable[[Group, Residues, Residues], Residues]]] = {
        name if name == "dihedral" else f"{name}_product": ("a · b", lambda group, a, b: group.product[a, b]),
        f"{name}_conjugate": ("a · b · a⁻¹", _conjugate),
        f"{name}_sandwich": ("a · b · a", _sandwich),
    }
    return {
        form: Operation(
            f"{formula} in {label}",
            lambda a, b, p, answer=answer: answer(group(p), a, b),
            order=order,
            elements_per_modulus=per_modulus,
            group=group,
        )
        for form, (formula, answer) in forms.items()
    }


OPERATIONS |= {name: operation for group in GROUPS for name, operation in _in_group(group).items()}


@dataclass(frozen=True)
class OwnOperation:
    """What the operation of a task without a row is made of."""

    expression: str = ""
    table: Table | None = None
    factors: tuple[int, ...] = ()


NO_OWN = OwnOperation()


def find_operation(name: str, own: OwnOperation = NO_OWN, n_operands: int = 2) -> Operation:
    """Return the row of this name, or an operation made of the task's own polynomial or table, for so many operands.

    Raises:
        ConfigError: if it takes two operands only, or what it is made of is missing or cannot be read.
    """
    if name == EXPRESSION:
        return _of_expression(own.expression, n_operands)
    made = {TABLE: lambda: _of_table(own.table), CYCLIC_PRODUCT: lambda: _of_factors(own.factors)}
    row = made[name]() if name in made else OPERATIONS[name]
    if n_operands == 2:
        return row
    if not row.label_of_three or row.function is None:
        known = ", ".join(name for name, row in OPERATIONS.items() if row.label_of_three)
        raise ConfigError(f"operation {name} takes two operands, not three: choose {known} or an {EXPRESSION} in a, b and c")
    function = row.function
    return replace(row, label=row.label_of_three, n_operands=3, function=lambda a, b, c, p: function(function(a, b, p), c, p))


@lru_cache(maxsize=32)
def _of_expression(expression: str, n_operands: int) -> Operation:
    if not expression:
        raise ConfigError(f"operation {EXPRESSION} needs a polynomial in a and b: set task.expression, as in {EXAMPLE}")
    label = f"{' '.join(expression.split())} mod {{p}}"
    return Operation(label, parse_expression(expression, n_operands), n_operands=n_operands)


@lru_cache(maxsize=8)
def _of_table(table: Table | None) -> Operation:
    if table is None:
        raise ConfigError(f"operation {TABLE} needs a file of answers: set task.table to a .csv or .npy file")
    answers, label = table.answers, f"the table {table.name}".replace("{", "{{").replace("}", "}}")
    exists = None if (answers != NO_ANSWER).all() else lambda a, b: answers[a, b] != NO_ANSWER
    return Operation(label, lambda a, b, _: answers[a, b], exists=exists, order=len(answers))


@lru_cache(maxsize=8)
def _of_factors(factors: tuple[int, ...]) -> Operation:
    if len(factors) < 2 or min(factors) < 2 or prod(factors) > MOST_ELEMENTS:
        raise ConfigError(
            f"operation {CYCLIC_PRODUCT} needs task.factors, as in [7, 11]: two or more, each at least 2, whose product is at"
            f" most {MOST_ELEMENTS}, not {list(factors)}"
        )
    group = cyclic_product(factors)
    return Operation(f"a + b in {group.name}", lambda a, b, _: group.product[a, b], order=prod(factors), group=lambda _: group)


def has_own_order(name: str) -> bool:
    """Whether an operation of this name has a number of elements of its own, which the modulus must equal."""
    return name in (TABLE, CYCLIC_PRODUCT) or (name in OPERATIONS and OPERATIONS[name].order is not None)


def sums(modulus: int) -> list[str]:
    """Name the rows that have a sum form at this modulus."""
    return [name for name, operation in OPERATIONS.items() if operation.sum_form(modulus) is not None]


def check_modulus(name: str, operation: Operation, modulus: int) -> None:
    """Refuse an operation that the modulus does not allow; an expression takes any.

    Raises:
        ConfigError: with the moduli that do, or the nearest of them.
    """
    if modulus > (largest := MOST_ELEMENTS // operation.elements_per_modulus):
        raise ConfigError(f"modulus must be at most {largest} for {name}, which has twice as many elements, not {modulus}")
    if operation.order not in (None, modulus):
        raise ConfigError(f"modulus must be {operation.order} for {name}, the number of its elements, not {modulus}")
    if operation.needs_prime and not is_prime(modulus):
        below = next(number for number in range(modulus, 1, -1) if is_prime(number))
        above = next(number for number in range(modulus, 2 * modulus) if is_prime(number))
        raise ConfigError(f"modulus must be prime for {name}, and {modulus} is not: choose {below} or {above}")
