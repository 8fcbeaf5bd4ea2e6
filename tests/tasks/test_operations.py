from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.tasks.arithmetic import is_prime
from grokterm.tasks.operations import OPERATIONS, OwnOperation, check_modulus, find_operation

PRIMES = (2, 3, 5, 7, 11, 13, 97)

DEFINITIONS: dict[str, Callable[[int, int, int, int], bool]] = {
    "add": lambda a, b, c, p: (a + b - c) % p == 0,
    "subtract": lambda a, b, c, p: (b + c - a) % p == 0,
    "multiply": lambda a, b, c, p: (a * b - c) % p == 0,
    "divide": lambda a, b, c, p: b != 0 and (b * c - a) % p == 0,
    "sum_of_squares": lambda a, b, c, p: (a * a + b * b - c) % p == 0,
    "square_of_sum": lambda a, b, c, p: ((a + b) * (a + b) - c) % p == 0,
    "parity_divide": lambda a, b, c, p: ((b * c if b % 2 else b + c) - a) % p == 0,
    "quadratic_form": lambda a, b, c, p: (a * a + a * b + b * b - c) % p == 0,
    "quadratic_form_plus_a": lambda a, b, c, p: (a * a + a * b + b * b + a - c) % p == 0,
    "cubic_form": lambda a, b, c, p: (a * a * a + a * b - c) % p == 0,
    "cubic": lambda a, b, c, p: (a * a * a + a * b * b + b - c) % p == 0,
}
"""(a, b, c, p) -> whether a ∘ b = c, in whole numbers and without an inverse."""


def table(operation: str, modulus: int, seed: int = 0) -> list[tuple[int, int, int]]:
    operands = OPERATIONS[operation].operands(modulus)
    answers = OPERATIONS[operation].answers(operands, modulus, seed)
    return [(int(a), int(b), int(c)) for (a, b), c in zip(operands, answers, strict=True)]


def test_every_operation_on_residues_but_the_random_one_has_a_definition_here() -> None:
    assert set(DEFINITIONS) == {name for name, row in OPERATIONS.items() if row.group is None} - {"random"}


@pytest.mark.parametrize("operation", DEFINITIONS)
def test_every_answer_satisfies_the_definition(operation: str) -> None:
    for modulus in PRIMES:
        for a, b, c in table(operation, modulus):
            assert 0 <= c < modulus
            assert DEFINITIONS[operation](a, b, c, modulus), (a, b, c, modulus)


@pytest.mark.parametrize("operation", ["random", *(name for name in DEFINITIONS if name != "divide")])
@given(modulus=st.integers(2, 20))
def test_an_operation_that_does_not_only_divide_has_every_pair_once(operation: str, modulus: int) -> None:
    pairs = OPERATIONS[operation].operands(modulus).tolist()
    assert pairs == [[a, b] for a in range(modulus) for b in range(modulus)]
    assert OPERATIONS[operation].n_equations(modulus) == len(pairs)


@pytest.mark.parametrize("modulus", PRIMES)
def test_division_has_every_pair_but_those_that_divide_by_zero(modulus: int) -> None:
    pairs = [(a, b) for a, b, _ in table("divide", modulus)]
    assert pairs == [(a, b) for a in range(modulus) for b in range(1, modulus)]
    assert OPERATIONS["divide"].n_equations(modulus) == len(pairs)


def test_a_random_table_depends_on_the_seed_only() -> None:
    assert table("random", 13, seed=4) == table("random", 13, seed=4)
    assert table("random", 13, seed=4) != table("random", 13, seed=5)
    some = np.array([[3, 7], [0, 0], [12, 1]])
    whole = {(a, b): c for a, b, c in table("random", 13, seed=4)}
    assert OPERATIONS["random"].answers(some, 13, 4).tolist() == [whole[3, 7], whole[0, 0], whole[12, 1]]


@pytest.mark.parametrize("operation", DEFINITIONS)
def test_an_operation_with_a_rule_ignores_the_seed(operation: str) -> None:
    assert table(operation, 11, seed=0) == table(operation, 11, seed=1)


@pytest.mark.parametrize("modulus", [2, 7, 13, 97])
def test_a_sum_is_right_by_chance_once_in_p(modulus: int) -> None:
    assert OPERATIONS["add"].chance(modulus, 0) == pytest.approx(1 / modulus)


@pytest.mark.parametrize(
    ("operation", "modulus", "chance"),
    [
        ("multiply", 7, 13 / 49),  # 0 answers every pair that holds a 0: 2p − 1 of p²
        ("multiply", 97, 193 / 9409),
        ("square_of_sum", 7, 2 / 7),  # a square that is not 0 has two roots
        ("sum_of_squares", 7, 8 / 49),  # p % 4 == 3: 0 has one solution, every other answer p + 1
        ("sum_of_squares", 13, 25 / 169),  # p % 4 == 1: 0 has 2p − 1 solutions
        ("divide", 7, 1 / 7),
        ("parity_divide", 7, 1 / 7),  # for each b, every a has an answer of its own
        ("quadratic_form", 7, 13 / 49),  # p % 3 == 1: two lines of pairs through 0 answer 0
        ("quadratic_form", 5, 6 / 25),  # p % 3 == 2: (0, 0) alone answers 0, and p + 1 pairs every other answer
        ("quadratic_form_plus_a", 7, 13 / 49),  # the same, with another center
        ("quadratic_form_plus_a", 5, 6 / 25),
        ("cubic_form", 7, 13 / 49),  # a (a² + b) is 0 on a line and on a parabola that share (0, 0)
        ("cubic", 3, 3 / 9),  # by hand: each of the three answers three times
        ("s5_product", 120, 1 / 120),  # a group: for each a, every b has an answer of its own
        ("s5_conjugate", 120, 1 / 120),
        ("s5_sandwich", 120, 1 / 120),
    ],
)
def test_chance_is_the_share_of_the_most_frequent_answer(operation: str, modulus: int, chance: float) -> None:
    assert OPERATIONS[operation].chance(modulus, 0) == pytest.approx(chance)


@pytest.mark.parametrize("modulus", [prime for prime in PRIMES if prime > 2])
def test_products_become_sums_of_positions_in_the_index(modulus: int) -> None:
    index = OPERATIONS["multiply"].index(modulus)
    assert sorted(index) == list(range(1, modulus))
    position = {int(residue): at for at, residue in enumerate(index)}
    for a, b, c in table("multiply", modulus):
        if a and b:
            assert position[c] == (position[a] + position[b]) % (modulus - 1)
    for a, b, c in table("divide", modulus):
        if a:
            assert position[c] == (position[a] - position[b]) % (modulus - 1)


def test_other_operations_and_composite_moduli_are_indexed_in_plain_order() -> None:
    assert OPERATIONS["add"].index(7).tolist() == list(range(7))
    assert OPERATIONS["multiply"].index(12).tolist() == list(range(12))


def test_a_composite_modulus_is_refused_for_division_with_the_nearest_primes() -> None:
    with pytest.raises(ConfigError) as refused:
        check_modulus("divide", OPERATIONS["divide"], 90)
    assert str(refused.value) == "modulus must be prime for divide, and 90 is not: choose 89 or 97"


@given(st.integers(4, 997))
def test_the_suggested_moduli_are_primes_on_either_side(modulus: int) -> None:
    check_modulus("multiply", OPERATIONS["multiply"], modulus)
    if is_prime(modulus):
        check_modulus("divide", OPERATIONS["divide"], modulus)
        return
    with pytest.raises(ConfigError) as refused:
        check_modulus("divide", OPERATIONS["divide"], modulus)
    below, above = (int(word) for word in str(refused.value).rpartition("choose ")[2].split(" or "))
    assert below < modulus < above
    assert is_prime(below)
    assert is_prime(above)


def test_labels_name_the_modulus() -> None:
    assert OPERATIONS["divide"].label.format(p=97) == "a / b mod 97"
    assert all(("{p}" in row.label) == (row.order is None) for row in OPERATIONS.values())


def test_the_label_of_an_expression_is_the_polynomial_in_one_line() -> None:
    assert find_operation("expression", OwnOperation(" a**2 +\n 3*a*b")).label.format(p=97) == "a**2 + 3*a*b mod 97"


def test_an_operation_is_found_by_its_name_and_an_expression_by_its_polynomial() -> None:
    assert find_operation("add") is OPERATIONS["add"]
    operands = OPERATIONS["add"].operands(7)
    found = find_operation("expression", OwnOperation("a**3 + a*b**2 + b")).answers(operands, 7, 0)
    assert found.tolist() == OPERATIONS["cubic"].answers(operands, 7, 0).tolist()


def test_the_chance_of_an_expression_is_that_of_its_own_table() -> None:
    assert find_operation("expression", OwnOperation("a*b")).chance(7, 0) == pytest.approx(13 / 49)
    assert find_operation("expression", OwnOperation("5")).chance(7, 0) == 1


def test_an_expression_without_a_polynomial_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        find_operation("expression", OwnOperation(""))
    said = "operation expression needs a polynomial in a and b: set task.expression, as in a**2 + 3*a*b"
    assert str(refused.value) == said


@pytest.mark.parametrize("operation", ["s5_product", "s5_conjugate", "s5_sandwich"])
@pytest.mark.parametrize("modulus", [97, 119, 121])
def test_permutations_of_five_things_need_a_modulus_of_120(operation: str, modulus: int) -> None:
    check_modulus(operation, OPERATIONS[operation], 120)
    with pytest.raises(ConfigError) as refused:
        check_modulus(operation, OPERATIONS[operation], modulus)
    said = f"modulus must be 120 for {operation}, the number of its elements, not {modulus}"
    assert str(refused.value) == said


@given(st.integers(2, 997))
def test_an_expression_takes_any_modulus(modulus: int) -> None:
    check_modulus("expression", find_operation("expression", OwnOperation("a")), modulus)


def test_symmetric_operations_do_not_care_which_operand_comes_first() -> None:
    modulus_of = {name: operation.order or 11 for name, operation in OPERATIONS.items()}
    symmetric = {name for name, operation in OPERATIONS.items() if operation.is_symmetric(modulus_of[name])}
    assert symmetric == {"add", "multiply", "sum_of_squares", "square_of_sum", "quadratic_form"}
    assert find_operation("expression", OwnOperation("a**2 * b + a * b**2")).is_symmetric(11)
