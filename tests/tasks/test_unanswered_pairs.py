"""Pairs that a division does not answer keep their place until another operation answers them again."""

from collections.abc import Iterable

import pytest

from grokterm.tasks.dataset import Dataset
from grokterm.tasks.orders import SplitName
from tests.tasks.tables import SPLITS, dataset, pairs, rows

splits = pytest.mark.parametrize("split", SPLITS)
BY_ZERO = {(a, 0) for a in range(11)}


def there_and_back(before: Dataset, *between: dict[str, object]) -> Dataset:
    """Swap to division, then as told, and back."""
    swapped = before.swapped(operation="divide")
    for swap in between:
        swapped = swapped.swapped(**swap)  # type: ignore[arg-type]
        assert not BY_ZERO & (pairs(swapped.train) | pairs(swapped.val) | pairs(swapped.seen))
    return swapped.swapped(operation=before.operation)


@splits
def test_a_swap_to_division_and_back_loses_nothing(split: SplitName) -> None:
    before = dataset(split=split, train_fraction=0.6).swapped(seed=7)
    after = there_and_back(before)
    assert rows(after.train) == rows(before.train)
    assert rows(after.val) == rows(before.val)
    assert rows(after.seen) == rows(before.seen)
    assert pairs(after.train) | pairs(after.val) | pairs(after.seen) >= BY_ZERO


def test_the_present_size_asked_for_between_loses_nothing_either() -> None:
    before = dataset(train_fraction=0.6)
    divided = before.swapped(operation="divide")
    after = divided.swapped(train_fraction=len(divided.train) / 110).swapped(operation="add")
    assert rows(after.train) == rows(before.train)


@splits
def test_a_prefix_cut_between_is_a_prefix_of_the_whole(split: SplitName) -> None:
    before = dataset(split=split, train_fraction=0.6)
    after = there_and_back(before, {"train_fraction": 0.3})
    assert rows(after.train) == rows(before.train)[: len(after.train)]
    assert rows(after.val) == rows(before.val)
    answered = [row for row in rows(after.train) if row[1]]
    assert abs(len(answered) - 33) <= (split == "symmetric")


@splits
def test_what_is_added_between_comes_with_those_that_stood_among_it(split: SplitName) -> None:
    before = dataset(split=split, train_fraction=0.3)
    after = there_and_back(before, {"train_fraction": 0.6})
    assert rows(after.train) + rows(after.val) == rows(before.train) + rows(before.val)
    assert abs(len([row for row in rows(after.train) if row[1]]) - 66) <= (split == "symmetric")


@splits
@pytest.mark.parametrize("fraction", [0.3, 0.6])
def test_a_new_split_between_places_them_too(split: SplitName, fraction: float) -> None:
    before = dataset(split=split, train_fraction=fraction)
    divided = before.swapped(operation="divide", seed=8)
    assert abs(len(divided.train) - round(fraction * 110)) <= (split == "symmetric")
    after = divided.swapped(operation="add")
    for side, with_zeros in ((divided.train, after.train), (divided.val, after.val), (divided.seen, after.seen)):
        assert [pair for pair in _in_order(rows(with_zeros)) if pair[1]] == _in_order(rows(side))
    lost = BY_ZERO - pairs(after.train) - pairs(after.val) - pairs(after.seen)
    assert lost <= (pairs(before.train) if fraction == 0.3 else set())
    assert BY_ZERO & pairs(after.train)


def test_a_pair_that_was_not_answered_while_it_stood_in_training_was_not_trained_on() -> None:
    begun = dataset(train_fraction=0.2)
    divided = begun.swapped(operation="divide").swapped(train_fraction=0.7)
    waiting = BY_ZERO & pairs(divided.swapped(operation="add").train) - pairs(begun.train)
    assert waiting
    back = divided.swapped(train_fraction=0.1).swapped(operation="add", seed=7, train_fraction=0.5)
    assert not waiting & pairs(back.seen)
    assert waiting <= pairs(back.train) | pairs(back.val)


def test_a_task_that_begins_with_division_never_had_them() -> None:
    divided = dataset("divide").swapped(operation="add")
    assert not BY_ZERO & (pairs(divided.train) | pairs(divided.val))
    redrawn = dataset("divide").swapped(seed=7, train_fraction=0.3).swapped(operation="add")
    assert not BY_ZERO & (pairs(redrawn.train) | pairs(redrawn.val))


def test_a_new_split_of_an_operation_that_answers_them_takes_them_in() -> None:
    added = dataset("divide", train_fraction=0.3).swapped(operation="add", seed=7)
    assert pairs(added.train) | pairs(added.val) >= BY_ZERO


def _in_order(equations: Iterable[tuple[int, int, int]]) -> list[tuple[int, int]]:
    return [(a, b) for a, b, _ in equations]
