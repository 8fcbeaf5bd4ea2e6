from itertools import permutations

import numpy as np
import pytest

from grokterm.errors import ConfigError
from grokterm.tasks.groups import Group, alternating, cyclic_product, dihedral, symmetric
from grokterm.tasks.operations import OPERATIONS, OwnOperation, check_modulus, find_operation

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
    assert symmetric(5).product[swap, turn] == number(2, 1, 3, 4, 0)
    assert symmetric(5).product[turn, swap] == number(0, 2, 3, 4, 1)


def test_every_product_is_the_composition() -> None:
    assert symmetric(5).product.tolist() == [[composed(a, b) for b in range(120)] for a in range(120)]


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


GROUPS = [
    *map(symmetric, (3, 4, 5, 6)),
    *map(alternating, (4, 5, 6)),
    *map(dihedral, (2, 3, 4, 7, 12)),
    *map(cyclic_product, ((2, 2), (2, 4), (7, 11), (3, 3, 2))),
]
groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


@groups
def test_a_group_is_a_latin_square_with_0_as_identity_and_an_inverse_of_each_element(group: Group) -> None:
    every = np.arange(len(group.product))
    assert group.product[0].tolist() == group.product[:, 0].tolist() == every.tolist()
    assert np.array_equal(np.sort(group.product, axis=0), np.tile(every[:, None], len(every)))
    assert np.array_equal(np.sort(group.product, axis=1), np.tile(every, (len(every), 1)))
    assert not group.product[every, group.inverses].any()
    assert not group.product[group.inverses, every].any()


@groups
def test_products_in_a_group_are_associative(group: Group) -> None:
    table, some = group.product, np.random.default_rng(0).integers(len(group.product), size=(3, 20_000))
    a, b, c = np.indices((len(table),) * 3).reshape(3, -1) if len(table) < 50 else some
    assert np.array_equal(table[table[a, b], c], table[a, table[b, c]])


@groups
def test_characters_are_orthogonal_and_complete(group: Group) -> None:
    n, found = len(group.product), group.representations
    characters = np.array([one.character for one in found])
    products = characters @ characters.T / n
    n_conjugates = np.array([round(one.character[0] / one.degree) for one in found])
    np.testing.assert_allclose(products, np.diag(n_conjugates), atol=1e-12)
    assert (n_conjugates * np.array([one.degree for one in found]) ** 2).sum() == n
    assert sum(one.share_of_noise for one in found) == pytest.approx(1)
    conjugated = group.product[group.product[np.arange(n)[:, None], np.arange(n)], group.inverses[:, None]]
    np.testing.assert_allclose(characters[:, conjugated], np.broadcast_to(characters[:, None], (len(found), n, n)), atol=1e-12)
    assert len({one.name for one in found}) == len(found)


def test_even_permutations_keep_their_order_and_their_product() -> None:
    even = [element for element in permutations(range(4)) if _n_inversions(element) % 2 == 0]
    table = [[even.index(tuple(b[image] for image in a)) for b in even] for a in even]
    assert alternating(4).product.tolist() == table


def _n_inversions(element: tuple[int, ...]) -> int:
    return sum(element[i] > element[j] for i in range(len(element)) for j in range(i))


def test_the_dihedral_group_moves_the_corners_of_a_polygon() -> None:
    def corner(element: int, at: int) -> int:
        return ((-at if element >= 5 else at) + element) % 5

    for a in range(10):
        for b in range(10):
            product = int(dihedral(5).product[a, b])
            assert [corner(product, at) for at in range(5)] == [corner(a, corner(b, at)) for at in range(5)]


def test_the_standard_character_counts_what_stays_in_place() -> None:
    by_name = {one.name: one for one in symmetric(5).representations}
    fixed = [sum(image == thing for thing, image in enumerate(element)) for element in ELEMENTS]
    assert by_name["standard"].character.tolist() == [count - 1 for count in fixed]
    assert by_name["sign"].character.tolist() == [(-1) ** _n_inversions(element) for element in ELEMENTS]
    assert [(one.name, one.degree) for one in symmetric(4).representations] == [
        ("trivial", 1),
        ("standard", 3),
        ("[2, 2]", 2),
        ("standard · sign", 3),
        ("sign", 1),
    ]


@pytest.mark.parametrize("name", ["s3", "s4", "s6", "a4", "a5", "a6", "dihedral"])
def test_every_group_has_products_conjugates_and_sandwiches(name: str) -> None:
    product = OPERATIONS[name if name == "dihedral" else f"{name}_product"]
    modulus = product.order or 7
    n = product.n_elements(modulus)
    assert product.n_equations(modulus) == n**2
    assert product.chance(modulus, 0) == pytest.approx(1 / n)
    assert not product.is_symmetric(modulus)
    assert product.sum_form(modulus) is None
    assert product.group is not None
    table, inverse = product.group(modulus).product, product.group(modulus).inverses
    a, b = np.random.default_rng(0).integers(n, size=(2, 50))
    operands = np.stack([a, b], axis=1)
    for form, expected in (("conjugate", table[table[a, b], inverse[a]]), ("sandwich", table[a, table[b, a]])):
        assert OPERATIONS[f"{name}_{form}"].answers(operands, modulus, 0).tolist() == expected.tolist()


def test_a_dihedral_group_has_twice_as_many_elements_as_corners() -> None:
    row = OPERATIONS["dihedral"]
    assert (row.n_elements(48), row.n_equations(48), row.label.format(p=48)) == (96, 96**2, "a · b in D48")
    check_modulus("dihedral", row, 498)
    with pytest.raises(ConfigError, match=r"^modulus must be at most 498 for dihedral, which has twice as many"):
        check_modulus("dihedral", row, 499)


def test_a_product_of_cyclic_groups_adds_each_place_by_itself() -> None:
    row = find_operation("cyclic_product", OwnOperation(factors=(3, 4)))
    assert (row.order, row.label, row.is_symmetric(12)) == (12, "a + b in Z3 × Z4", True)
    for (a, b), c in zip(row.operands(12), row.answers(row.operands(12), 12, 0), strict=True):
        assert divmod(c, 4) == ((a // 4 + b // 4) % 3, (a + b) % 4)


@pytest.mark.parametrize("factors", [(), (7,), (1, 7), (100, 10)])
def test_factors_that_make_no_product_are_refused(factors: tuple[int, ...]) -> None:
    with pytest.raises(ConfigError, match=r"^operation cyclic_product needs task.factors, as in \[7, 11\]: two or more, each"):
        find_operation("cyclic_product", OwnOperation(factors=factors))
