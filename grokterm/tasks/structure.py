"""What is known of an operation before anything is trained on it, read off its table."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

import numpy as np
from jaxtyping import Int32

from grokterm.tasks.arithmetic import is_prime
from grokterm.tasks.equations import NO_ANSWER
from grokterm.tasks.operation import Operation

Basis = Literal["residues", "logarithms", "representations"]

Answers: TypeAlias = Int32[np.ndarray, "elements elements"]


@dataclass(frozen=True)
class Structure:
    """The algebra of an operation at a modulus."""

    n_elements: int
    chance: float
    """The accuracy of always giving the most frequent answer."""

    basis: Basis | None
    """Waves over the residues or their discrete logarithms, of which the operation is a sum, or the representations of a group
    in whose elements it is written; None where none is known."""

    is_commutative: bool
    is_partial: bool = False
    """Whether a pair has no answer."""

    is_latin: bool = False
    """Whether every answer stands once in each row and column of the table."""

    is_group: bool = False
    identity: int | None = None


@lru_cache(maxsize=32)
def structure(operation: Operation, modulus: int, seed: int) -> Structure:
    """Read the structure off the table of an operation that this modulus allows; only a random table depends on the seed.

    Of three operands it says no more than chance, basis and whether they may be exchanged. It takes n² log n for n elements.
    """
    n_elements, basis = operation.n_elements(modulus), _basis(operation, modulus)
    if operation.n_operands > 2:
        return Structure(n_elements, operation.chance(modulus, seed), basis, operation.is_symmetric(modulus))
    operands = operation.operands(modulus, seed)
    answers = operation.answers(operands, modulus, seed)
    table = np.full((n_elements, n_elements), NO_ANSWER, dtype=np.int32)
    table[tuple(operands.T)] = answers
    is_latin, identity = _is_latin(table), _identity(table)
    return Structure(
        n_elements,
        float(np.bincount(answers).max() / len(answers)),
        basis,
        is_commutative=np.array_equal(table, table.T),
        is_partial=len(answers) < table.size,
        is_latin=is_latin,
        is_group=is_latin and identity is not None and _is_associative(table, identity),
        identity=identity,
    )


def _basis(operation: Operation, modulus: int) -> Basis | None:
    if operation.group is not None:
        return "representations"
    has_logarithms = operation.is_sum_of_logarithms and is_prime(modulus)
    if operation.n_operands > 2:
        is_sum = bool(operation.label_of_three) and (has_logarithms or not operation.is_sum_of_logarithms)
    else:
        is_sum = operation.sum_form(modulus) is not None
    return ("logarithms" if has_logarithms else "residues") if is_sum else None


def _is_latin(table: Answers) -> bool:
    if (table == NO_ANSWER).any():
        return False
    number = np.arange(len(table))
    in_rows, in_columns = np.zeros((2, *table.shape), dtype=bool)
    in_rows[number[:, None], table] = in_columns[table, number] = True
    return bool(in_rows.all() and in_columns.all())


def _identity(table: Answers) -> int | None:
    number = np.arange(len(table))
    found = np.flatnonzero((table == number).all(axis=1) & (table == number[:, None]).all(axis=0))
    return int(found[0]) if len(found) else None


def _is_associative(table: Answers, identity: int) -> bool:
    """Test (x g) y = x (g y) for generators g only, because such g are closed under the operation (Light's test)."""
    generated = np.arange(len(table)) == identity
    while not generated.all():
        new = int(np.argmin(generated))
        if not np.array_equal(table[table[:, new]], table[:, table[new]]):
            return False
        generated[new], n_before = True, 0
        while n_before < (n_now := int(np.count_nonzero(generated))):
            n_before, members = n_now, np.flatnonzero(generated)
            generated[table[np.ix_(members, members)]] = True
    return True
