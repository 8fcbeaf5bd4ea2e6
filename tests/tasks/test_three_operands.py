"""Operations of three operands: a + b + c, a · b · c, and polynomials."""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest

from grokterm.errors import ConfigError
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.expressions import parse_expression
from grokterm.tasks.operation import MOST_EQUATIONS
from grokterm.tasks.operations import OwnOperation, find_operation
from grokterm.tasks.orders import SplitName
from tests.tasks.tables import SPLITS

P = 7


def cube(operation: str = "add", modulus: int = P, split: SplitName = "random", **options: object) -> Dataset:
    settings: dict[str, object] = {"train_fraction": 0.5, "label_noise": 0.0, "seed": 0, **options}
    return Dataset.create(operation=operation, modulus=modulus, split=split, n_operands=3, **settings)  # type: ignore[arg-type]


def triples(operands: np.ndarray) -> set[tuple[int, ...]]:
    return {tuple(row) for row in operands.tolist()}


@pytest.mark.parametrize(
    ("operation", "expression", "answer"),
    [
        ("add", "", lambda a, b, c: a + b + c),
        ("multiply", "", lambda a, b, c: a * b * c),
        ("expression", "a**2*b - 3*c + 1", lambda a, b, c: a**2 * b - 3 * c + 1),
    ],
)
def test_every_triple_has_the_answer_of_a_plain_loop(
    operation: str, expression: str, answer: Callable[[int, int, int], int]
) -> None:
    table = cube(operation, own=OwnOperation(expression)).table
    wanted = [[a, b, c, answer(a, b, c) % P] for a in range(P) for b in range(P) for c in range(P)]
    assert np.column_stack([table.operands, table.answers]).tolist() == wanted


@pytest.mark.parametrize("split", SPLITS)
def test_the_sides_cover_the_cube_and_a_smaller_one_is_a_prefix(split: SplitName) -> None:
    half, small = cube(split=split), cube(split=split, train_fraction=0.2)
    assert len(triples(half.train.operands) | triples(half.val.operands)) == P**3 == half.n_equations
    assert not triples(half.train.operands) & triples(half.val.operands)
    assert half.train.operands[: len(small.train)].tolist() == small.train.operands.tolist()
    assert abs(len(half.train) - round(P**3 / 2)) <= (3 if split == "symmetric" else 0)


def test_a_symmetric_split_keeps_all_orders_of_a_triple_on_one_side_also_after_swaps() -> None:
    present = cube(split="symmetric")
    for swap in ({"train_fraction": 0.3}, {"seed": 4}, {"seed": 5, "train_fraction": 0.6}, {"operation": "multiply"}):
        present = present.swapped(**swap)
        train, held_out = triples(present.train.operands), triples(present.val.operands) | triples(present.seen.operands)
        assert not {order for triple in train for order in permutations(triple)} & held_out


def test_a_large_cube_is_sampled_by_the_seed_and_the_sample_stays() -> None:
    first, again, other = (cube(modulus=101, seed=seed) for seed in (0, 0, 1))
    assert first.n_equations == MOST_EQUATIONS == len(first.train) + len(first.val)
    assert np.array_equal(first.table.operands, again.table.operands)
    assert not np.array_equal(first.table.operands, other.table.operands)
    assert np.array_equal(first.swapped(seed=9).table.operands, first.table.operands)
    assert np.array_equal(first.table.answers, first.table.operands.sum(axis=1) % 101)
    assert np.unique(first.index_of(first.table)).size == MOST_EQUATIONS
    assert np.abs(np.bincount(first.table.operands[:, 2]) - MOST_EQUATIONS / 101).max() < 300  # 6 standard deviations
    one, two = (cube(modulus=101, split="nested", seed=seed).table.operands for seed in (0, 1))
    assert np.array_equal(one, two)


def test_a_cube_that_fits_is_whole() -> None:
    assert find_operation("add", n_operands=3).n_equations(64) == 64**3 == MOST_EQUATIONS
    assert not find_operation("add", n_operands=3).is_sampled(64)
    assert find_operation("add", n_operands=3).is_sampled(65)
    assert not find_operation("add").is_sampled(997)


def test_an_operation_of_two_operands_refuses_a_third() -> None:
    with pytest.raises(ConfigError) as refused:
        find_operation("divide", n_operands=3)
    assert str(refused.value) == (
        "operation divide takes two operands, not three: choose add, multiply or an expression in a, b and c"
    )
    with pytest.raises(ConfigError, match="operation divide takes two operands"):
        cube().swapped(operation="divide")


def test_a_third_operand_of_a_polynomial_has_to_be_asked_for() -> None:
    assert parse_expression("a + c", 3)(*np.array([[1], [2], [3]]), 5).tolist() == [4]
    with pytest.raises(ConfigError) as refused:
        parse_expression("a + c")
    assert str(refused.value).endswith("not 'a + c': c is the third operand: set task.n_operands=3")


def test_three_operands_are_symmetric_where_all_their_orders_answer_alike() -> None:
    assert find_operation("add", n_operands=3).is_symmetric(P)
    assert find_operation("expression", OwnOperation("a*b + b*c + c*a"), 3).is_symmetric(P)
    assert not find_operation("expression", OwnOperation("a*b + c"), 3).is_symmetric(P)
    assert find_operation("add", n_operands=3).label.format(p=P) == "a + b + c mod 7"
    assert find_operation("add", n_operands=3).sum_form(P) is None
