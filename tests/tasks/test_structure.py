"""What an operation is, from tables whose algebra is known."""

from itertools import product

import numpy as np
import pytest

from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import OPERATIONS, OwnOperation, find_operation
from grokterm.tasks.structure import Structure, structure
from grokterm.tasks.tables import Table

LOOP = [[0, 1, 2, 3, 4], [1, 0, 3, 4, 2], [2, 4, 0, 1, 3], [3, 2, 4, 0, 1], [4, 3, 1, 2, 0]]
"""A Latin square with the identity 0 that is no group: every element is its own inverse, and 5 is odd."""


def of_table(answers: list[list[int]]) -> Operation:
    table = np.array(answers)
    return find_operation("table", OwnOperation(table=Table("mine.csv", str(answers), table)))


def known(operation: str, modulus: int, seed: int = 0, n_operands: int = 2, **own: object) -> Structure:
    return structure(find_operation(operation, OwnOperation(**own), n_operands), modulus, seed)  # type: ignore[arg-type]


def test_addition_is_a_commutative_group_of_waves_over_residues() -> None:
    assert known("add", 97) == Structure(97, 1 / 97, "residues", is_commutative=True, is_latin=True, is_group=True, identity=0)


def test_multiplication_has_logarithms_modulo_a_prime_only_and_is_no_group_because_of_0() -> None:
    assert known("multiply", 97) == Structure(97, 193 / 9409, "logarithms", is_commutative=True, identity=1)
    assert known("multiply", 12).basis is None


def test_division_lacks_answers() -> None:
    assert known("divide", 7) == Structure(7, 1 / 7, "logarithms", is_commutative=False, is_partial=True)


def test_subtraction_is_a_latin_square_without_an_identity() -> None:
    assert known("subtract", 12) == Structure(12, 1 / 12, "residues", is_commutative=False, is_latin=True)


@pytest.mark.parametrize(
    ("name", "modulus", "n_elements"), [("s4_product", 24, 24), ("a5_product", 60, 60), ("dihedral", 5, 10)]
)
def test_the_product_of_a_group_is_a_group_with_representations(name: str, modulus: int, n_elements: int) -> None:
    assert known(name, modulus) == Structure(
        n_elements, 1 / n_elements, "representations", is_commutative=False, is_latin=True, is_group=True, identity=0
    )


def test_sums_of_tuples_are_a_commutative_group_with_representations() -> None:
    found = known("cyclic_product", 12, factors=(2, 6))
    assert (found.is_group, found.is_commutative, found.basis) == (True, True, "representations")


def test_a_table_says_what_it_holds() -> None:
    added = [[(a + b) % 5 for b in range(5)] for a in range(5)]
    assert structure(of_table(added), 5, 0) == structure(OPERATIONS["add"], 5, 0)
    holed = [[-1 if a == b else max(a, b) for b in range(4)] for a in range(4)]
    assert structure(of_table(holed), 4, 0) == Structure(4, 6 / 12, None, is_commutative=True, is_partial=True)
    loop = structure(of_table(LOOP), 5, 0)
    assert (loop.is_latin, loop.identity, loop.is_group) == (True, 0, False)


def test_a_random_table_depends_on_the_seed() -> None:
    assert known("random", 7, seed=0).chance != known("random", 7, seed=1).chance
    assert known("random", 7).basis is None


def test_of_three_operands_sums_and_products_keep_their_basis() -> None:
    assert known("add", 7, n_operands=3) == Structure(7, 1 / 7, "residues", is_commutative=True)
    assert known("multiply", 7, n_operands=3).basis == "logarithms"
    assert known("multiply", 8, n_operands=3).basis is None
    assert known("expression", 7, n_operands=3, expression="a + b*c") == Structure(7, 1 / 7, None, is_commutative=False)


@pytest.mark.parametrize("operation", [*(row for row in OPERATIONS.values() if row.order in (None, 6, 12)), of_table(LOOP)])
def test_laws_hold_where_every_triple_obeys_them(operation: Operation) -> None:
    modulus = operation.order or 7
    found, n_elements = structure(operation, modulus, 0), operation.n_elements(modulus)
    operands = operation.operands(modulus)
    answers = {
        tuple(pair): answer for pair, answer in zip(operands.tolist(), operation.answers(operands, modulus, 0), strict=True)
    }
    elements = range(n_elements)

    def answer(a: int, b: int) -> int:
        return int(answers.get((a, b), -1))

    identities = [e for e in elements if all(answer(e, a) == a == answer(a, e) for a in elements)]
    is_associative = all(answer(answer(a, b), c) == answer(a, answer(b, c)) for a, b, c in product(elements, repeat=3))
    has_inverses = bool(identities) and all(any(answer(a, b) == identities[0] for b in elements) for a in elements)
    assert found.identity == (identities[0] if identities else None)
    assert found.is_commutative == all(answer(a, b) == answer(b, a) for a, b in product(elements, repeat=2))
    assert found.is_group == (is_associative and has_inverses)
