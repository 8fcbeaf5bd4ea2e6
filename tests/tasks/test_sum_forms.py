import numpy as np
import pytest

from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import OPERATIONS, OwnOperation, find_operation, sums
from grokterm.tasks.sum_forms import NO_TERM, SumForm

SUMS = ("add", "subtract", "multiply", "divide", "sum_of_squares", "square_of_sum")


def form_of(operation: Operation, modulus: int) -> SumForm:
    form = operation.sum_form(modulus)
    assert form is not None
    return form


@pytest.mark.parametrize("modulus", [5, 13, 97])
@pytest.mark.parametrize("name", SUMS)
def test_f_of_the_sum_of_the_terms_is_the_answer(name: str, modulus: int) -> None:
    operation = OPERATIONS[name]
    form, operands = form_of(operation, modulus), operation.operands(modulus)
    answers = operation.answers(operands, modulus, 0)
    left, right = form.left[operands[:, 0]], form.right[operands[:, 1]]
    has_both = (left != NO_TERM) & (right != NO_TERM)
    expected = np.where(has_both, form.answer[(left + right) % form.order], 0)
    assert (expected == answers).all()
    assert has_both.all() == (name not in {"multiply", "divide"})


@pytest.mark.parametrize("modulus", [2, 12, 40, 96])
@pytest.mark.parametrize("name", ["add", "subtract", "sum_of_squares", "square_of_sum"])
def test_sums_need_no_prime(name: str, modulus: int) -> None:
    operation = OPERATIONS[name]
    form, operands = form_of(operation, modulus), operation.operands(modulus)
    sums = (form.left[operands[:, 0]] + form.right[operands[:, 1]]) % modulus
    assert (form.answer[sums] == operation.answers(operands, modulus, 0)).all()


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - set(SUMS)))
def test_what_is_no_sum_has_no_form(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation.sum_form(operation.order or 13) is None


def test_a_product_has_no_form_where_there_is_no_logarithm() -> None:
    assert OPERATIONS["multiply"].sum_form(12) is None


@pytest.mark.parametrize(("modulus", "named"), [(97, SUMS), (12, ("add", "subtract", "sum_of_squares", "square_of_sum"))])
def test_the_sums_at_a_modulus_are_named(modulus: int, named: tuple[str, ...]) -> None:
    assert sums(modulus) == list(named)


def test_the_second_term_of_a_difference_is_negative() -> None:
    assert form_of(OPERATIONS["subtract"], 7).right.tolist() == [0, 6, 5, 4, 3, 2, 1]


def test_only_zero_has_no_logarithm() -> None:
    assert form_of(OPERATIONS["multiply"], 13).has_terms.tolist() == [False] + [True] * 12


@pytest.mark.parametrize(
    ("name", "reads", "answers"),
    [("add", True, True), ("divide", True, True), ("sum_of_squares", False, True), ("square_of_sum", True, False)],
)
def test_squares_are_not_one_to_one(name: str, reads: bool, answers: bool) -> None:  # noqa: FBT001
    form = form_of(OPERATIONS[name], 97)
    assert (form.has_distinct_terms, form.has_distinct_answers) == (reads, answers)


def test_a_polynomial_without_mixed_terms_is_a_sum() -> None:
    form = form_of(find_operation("expression", OwnOperation("a^3 + 2*b + 5")), 11)
    left, right = np.arange(11), np.arange(11)
    assert (form.answer[(form.left[left][:, None] + form.right[right]) % 11] == (left[:, None] ** 3 + 2 * right + 5) % 11).all()


def test_a_polynomial_with_a_mixed_term_is_none() -> None:
    assert find_operation("expression", OwnOperation("a^2 + a*b")).sum_form(11) is None
