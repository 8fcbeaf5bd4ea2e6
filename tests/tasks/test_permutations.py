from itertools import permutations

import numpy as np
import pytest

from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.permutations import inverse_permutations, product_table

ELEMENTS = list(permutations(range(5)))
"""The permutations as plain tuples, in the order that numbers them."""

IDENTITY = ELEMENTS.index((0, 1, 2, 3, 4))


def number(*images: int) -> int:
    return ELEMENTS.index(images)


def composed(*factors: int) -> int:
    """Carry each of five things through permutations, one after the other."""
    things = list(range(5))
    for factor in factors:
        things = [ELEMENTS[factor][thing] for thing in things]
    return ELEMENTS.index(tuple(things))


def test_a_product_does_the_left_permutation_first() -> None:
    swap, turn = number(1, 0, 2, 3, 4), number(1, 2, 3, 4, 0)
    assert product_table()[swap, turn] == number(2, 1, 3, 4, 0)
    assert product_table()[turn, swap] == number(0, 2, 3, 4, 1)


def test_every_product_is_the_composition() -> None:
    assert product_table().tolist() == [[composed(a, b) for b in range(120)] for a in range(120)]


def test_products_are_associative() -> None:
    table = product_table()
    assert np.array_equal(table[table], table[:, table])


def test_the_first_permutation_changes_nothing() -> None:
    assert IDENTITY == 0
    assert product_table()[0].tolist() == product_table()[:, 0].tolist() == list(range(120))


def test_a_permutation_and_its_inverse_cancel_from_either_side() -> None:
    every, inverse = np.arange(120), inverse_permutations()
    assert set(product_table()[every, inverse]) == set(product_table()[inverse, every]) == {IDENTITY}


@pytest.mark.parametrize(("operation", "factors"), [("s5_product", "ab"), ("s5_conjugate", "abA"), ("s5_sandwich", "aba")])
def test_answers_in_s5_are_compositions_of_both_operands(operation: str, factors: str) -> None:
    row = OPERATIONS[operation]
    operands = row.operands(120)
    assert row.n_equations(120) == len(operands) == 14_400
    undone = {a: next(b for b in range(120) if composed(a, b) == IDENTITY) for a in range(120)}
    answers = row.answers(operands, 120, 0)
    for at in range(0, 14_400, 37):
        a, b = (int(operand) for operand in operands[at])
        assert answers[at] == composed(*({"a": a, "b": b, "A": undone[a]}[factor] for factor in factors))


def test_a_conjugate_moves_as_many_things_as_what_is_conjugated() -> None:
    row = OPERATIONS["s5_conjugate"]
    operands = row.operands(120)
    moved = np.array([sum(image != thing for thing, image in enumerate(element)) for element in ELEMENTS])
    assert np.array_equal(moved[row.answers(operands, 120, 0)], moved[operands[:, 1]])
