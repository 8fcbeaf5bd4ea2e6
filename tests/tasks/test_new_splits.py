"""A swap to another seed: validation is never anything that was trained on, and `seen` says what was."""

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.orders import SplitName
from grokterm.tasks.randomness import generator
from tests.tasks.tables import SPLITS, dataset, pairs, parted_pairs, rows

splits = pytest.mark.parametrize("split", SPLITS)
TABLE = {(a, b) for a in range(11) for b in range(11)}

SWAPS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "train_fraction": st.floats(0.05, 0.7),
            "seed": st.integers(0, 5),
            "operation": st.sampled_from(["add", "subtract", "divide"]),
        },
    ),
    min_size=1,
    max_size=6,
)
"""What swaps a dataset is taken through, one after another."""


def taken_through(swapped: Dataset, swaps: Iterable[dict[str, object]]) -> Iterable[Dataset]:
    """Yield the dataset, and what it is after each swap that is not refused."""
    yield swapped
    for swap in swaps:
        try:
            swapped = swapped.swapped(**swap)  # type: ignore[arg-type]
        except ConfigError:
            continue
        yield swapped


@splits
@settings(max_examples=30)
@given(swaps=SWAPS)
def test_validation_is_never_trained_on_whatever_is_swapped(split: SplitName, swaps: list[dict[str, object]]) -> None:
    trained: set[tuple[int, int]] = set()
    for present in taken_through(dataset(split=split), swaps):
        trained |= pairs(present.train)
        assert len(present.train) > 0
        assert len(present.val) > 0
        assert not pairs(present.val) & trained
        assert not pairs(present.seen) & pairs(present.train)
        if split == "symmetric":  # there a mirror counts as trained on
            trained |= {(b, a) for a, b in trained}
        assert pairs(present.seen) <= trained


@settings(max_examples=30)
@given(swaps=SWAPS)
def test_no_swap_parts_mirrors_of_a_symmetric_split(swaps: list[dict[str, object]]) -> None:
    for present in taken_through(dataset(split="symmetric"), swaps):
        assert parted_pairs(present) == set()
        assert not pairs(present.seen) & {(b, a) for a, b in pairs(present.val)}


@splits
def test_a_new_seed_draws_from_what_was_never_trained_on(split: SplitName) -> None:
    before = dataset(split=split, train_fraction=0.4)
    after = before.swapped(seed=7)
    assert abs(len(after.train) - len(before.train)) <= 2 * (split == "symmetric")
    assert pairs(after.train) | pairs(after.val) == TABLE - pairs(before.train)
    assert len(after.seen) == 0
    assert after.held_out == (after.val,)
    assert rows(after.train) == rows(before.swapped(seed=7).train)
    assert rows(after.train) != rows(before.swapped(seed=8).train)


@splits
def test_a_new_seed_draws_from_the_whole_table_where_too_little_was_never_trained_on(split: SplitName) -> None:
    before = dataset(split=split, train_fraction=0.6)
    after = before.swapped(seed=7)
    if split != "nested":
        assert rows(after.train) == rows(dataset(split=split, train_fraction=0.6, seed=7).train)
    held_out = TABLE - pairs(after.train)
    assert pairs(after.seen) == held_out & pairs(before.train) != set()
    assert pairs(after.val) == held_out - pairs(before.train) != set()
    assert after.held_out == (after.val, after.seen)


def test_a_nested_split_follows_a_new_seed_within_what_is_left() -> None:
    small, large = (dataset(split="nested", train_fraction=0.3).swapped(seed=7, train_fraction=share) for share in (0.2, 0.5))
    assert rows(large.train)[: len(small.train)] == rows(small.train)
    left = pairs(small.train) | pairs(small.val)
    shuffled = [divmod(int(pair), 11) for pair in generator(7, "split").permutation(121)]
    assert [(a, b) for a, b, _ in rows(small.train) + rows(small.val)] == [pair for pair in shuffled if pair in left]


def test_a_stratified_split_is_one_of_what_is_left() -> None:
    after = dataset("multiply", split="stratified", train_fraction=0.4).swapped(seed=7)
    trained, held_out = (np.bincount(side.answers, minlength=11) for side in (after.train, after.val))
    left = trained + held_out
    assert np.abs(trained - left * len(after.train) / left.sum()).max() < 1


@given(fraction=st.floats(0.2, 0.45))
def test_a_new_seed_may_come_with_another_fraction(fraction: float) -> None:
    assert len(dataset().swapped(seed=7, train_fraction=fraction).train) == round(fraction * 121)


def test_a_random_table_stays_the_same_under_a_new_split() -> None:
    before, after = dataset("random", train_fraction=0.6), dataset("random", train_fraction=0.6).swapped(seed=7)
    assert set(rows(after.train) + rows(after.val) + rows(after.seen)) == set(rows(before.train) + rows(before.val))


def test_what_was_trained_on_is_remembered_under_another_operation() -> None:
    before = dataset(train_fraction=0.6)
    after = before.swapped(operation="subtract").swapped(seed=7)
    assert pairs(after.seen) == pairs(before.train) - pairs(after.train)
    assert all((a - b) % 11 == c for a, b, c in rows(after.seen))


def test_answers_of_what_was_trained_on_are_clean_once_it_is_held_out() -> None:
    after = dataset(train_fraction=0.6, label_noise=1.0).swapped(seed=7)
    assert len(after.seen) > 0
    assert all((a + b) % 11 == c for a, b, c in rows(after.seen))


def test_a_smaller_training_set_leaves_both_held_out_parts_as_they_are() -> None:
    before = dataset(train_fraction=0.6).swapped(seed=7)
    after = before.swapped(train_fraction=0.2)
    assert rows(after.train) == rows(before.train)[: round(0.2 * 121)]
    assert (rows(after.val), rows(after.seen)) == (rows(before.val), rows(before.seen))


def test_a_larger_training_set_takes_nothing_that_was_trained_on_before() -> None:
    before = dataset(train_fraction=0.6).swapped(seed=7)
    after = before.swapped(train_fraction=0.7)
    assert rows(after.train) + rows(after.val) == rows(before.train) + rows(before.val)
    assert rows(after.seen) == rows(before.seen)


def test_what_was_shrunk_away_is_not_validation_after_a_new_seed() -> None:
    whole = dataset(train_fraction=0.6)
    after = whole.swapped(train_fraction=0.1).swapped(seed=7)
    assert not pairs(whole.train) & (pairs(after.train) | pairs(after.val))


def test_a_new_seed_that_would_leave_nothing_for_validation_is_refused() -> None:
    nearly_all = dataset(train_fraction=120 / 121)
    last = rows(nearly_all.val)[0][:2]
    taking = next(seed for seed in range(1, 9) if last in pairs(dataset(train_fraction=120 / 121, seed=seed).train))
    with pytest.raises(ConfigError) as refused:
        nearly_all.swapped(seed=taking)
    assert str(refused.value) == (
        f"seed must leave validation an equation that was never trained on, not {taking}: 1 of 121 are left, and its split"
        " takes them all; choose a smaller train_fraction or another seed"
    )


@pytest.mark.parametrize("share", [0.1, 0.2, 0.25, 0.3, 1 / 3, 0.4, 0.5])
def test_members_whose_symmetric_splits_differ_by_an_equation_choose_alike(share: float) -> None:
    """The last split of a round share would leave members a handful of equations, or none."""
    members = [dataset(modulus=23, split="symmetric", train_fraction=share, seed=seed) for seed in range(8)]
    for swap in range(round(1 / share)):
        members = [member.swapped(seed=100 + swap) for member in members]
        assert len({len(member.seen) > 0 for member in members}) == 1
    assert all(len(member.seen) > 0 for member in members)
