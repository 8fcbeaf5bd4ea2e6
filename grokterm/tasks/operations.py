"""The operations a network can be asked to learn.

To add one, write a row in OPERATIONS.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import factorial, prod

import numpy as np

from grokterm.errors import ConfigError, PluginError
from grokterm.tasks.arithmetic import Residues, inverses, is_prime
from grokterm.tasks.equations import MOST_ELEMENTS, NO_ANSWER
from grokterm.tasks.expressions import EXAMPLE, parse_expression
from grokterm.tasks.groups import Group, alternating, cyclic_product, dihedral, symmetric
from grokterm.tasks.operation import Operation
from grokterm.tasks.tables import Table

EXPRESSION, TABLE, CYCLIC_PRODUCT = "expression", "table", "cyclic_product"

MADE_OF = {EXPRESSION: "expression", TABLE: "table", CYCLIC_PRODUCT: "factors"}
"""The operations without a row, and the setting of the task that each is made of."""

MOST_TUPLES = 2**24
"""Of three operands, of which a table is sampled."""


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
        ConfigError: with the moduli that do, or the nearest of them; or with what is wrong in the answers of a plugin.
    """
    if modulus > (largest := MOST_ELEMENTS // operation.elements_per_modulus):
        raise ConfigError(f"modulus must be at most {largest} for {name}, which has twice as many elements, not {modulus}")
    if operation.order not in (None, modulus):
        raise ConfigError(f"modulus must be {operation.order} for {name}, the number of its elements, not {modulus}")
    if operation.needs_prime and not is_prime(modulus):
        below = next(number for number in range(modulus, 1, -1) if is_prime(number))
        above = next(number for number in range(modulus, 2 * modulus) if is_prime(number))
        raise ConfigError(f"modulus must be prime for {name}, and {modulus} is not: choose {below} or {above}")
    if operation.is_tried:
        _try(name, operation, modulus)


@lru_cache(maxsize=32)
def _try(name: str, operation: Operation, modulus: int) -> None:
    operands = operation.operands(modulus)
    first, again = (operation.answers(operands, modulus, seed=0) for _ in range(2))
    if not np.array_equal(first, again):
        raise PluginError(f"operation {name} gives other answers when it is called again: a run could not be repeated")
