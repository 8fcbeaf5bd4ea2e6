import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.orders import SplitName
from tests.tasks.tables import FRACTIONS, SPLITS, dataset, pairs, parted_pairs, rows

splits = pytest.mark.parametrize("split", SPLITS)


@splits
@given(fraction=st.floats(0.01, 0.5))
def test_a_smaller_training_set_is_a_prefix_and_validation_stays(split: SplitName, fraction: float) -> None:
    whole = dataset(split=split)
    small = whole.swapped(train_fraction=fraction)
    assert rows(small.train) == rows(whole.train)[: len(small.train)]
    assert rows(small.val) == rows(whole.val)
    assert abs(len(small.train) - round(fraction * 121)) <= (split == "symmetric")


@splits
@given(fraction=st.floats(0.5, 0.95))
def test_a_larger_training_set_takes_from_validation(split: SplitName, fraction: float) -> None:
    half = dataset(split=split)
    large = half.swapped(train_fraction=fraction)
    assert rows(large.train) + rows(large.val) == rows(half.train) + rows(half.val)
    assert abs(len(large.train) - round(fraction * 121)) <= (split == "symmetric")


def test_a_number_of_equations_is_a_share_of_them() -> None:
    assert rows(dataset().swapped(n_train=40).train) == rows(dataset().swapped(train_fraction=40 / 121).train)
    assert len(dataset("divide", 11).swapped(n_train=40, seed=3).train) == 40
    with pytest.raises(ConfigError, match="n_train must be at most 121, the equations of this task, not 122"):
        dataset().swapped(n_train=122)


@splits
def test_a_swap_to_the_present_size_changes_nothing(split: SplitName) -> None:
    present = dataset(split=split)
    again = present.swapped(train_fraction=len(present.train) / 121)
    assert rows(again.train) == rows(present.train)
    assert rows(again.val) == rows(present.val)


@splits
@given(fractions=st.lists(FRACTIONS, min_size=1, max_size=5))
def test_validation_never_holds_what_was_trained_on(split: SplitName, fractions: list[float]) -> None:
    swapped = dataset(split=split)
    trained_on = pairs(swapped.train)
    for fraction in fractions:
        try:
            swapped = swapped.swapped(train_fraction=fraction)
        except ConfigError:
            continue
        trained_on |= pairs(swapped.train)
        assert not trained_on & pairs(swapped.val)
        assert len(swapped.train) > 0
        assert len(swapped.val) > 0


@given(fractions=st.lists(FRACTIONS, min_size=1, max_size=5))
def test_no_swap_of_a_symmetric_split_parts_a_pair_from_its_mirror(fractions: list[float]) -> None:
    swapped = dataset(split="symmetric")
    for fraction in fractions:
        try:
            swapped = swapped.swapped(train_fraction=fraction)
        except ConfigError:
            continue
        assert parted_pairs(swapped) == set()


@splits
@pytest.mark.parametrize("operation", ["subtract", "square_of_sum", "random"])
def test_another_operation_keeps_the_pairs_and_changes_the_answers(split: SplitName, operation: str) -> None:
    swapped = dataset(split=split).swapped(operation=operation)
    for before, after in ((dataset(split=split).train, swapped.train), (dataset(split=split).val, swapped.val)):
        assert after.operands.tolist() == before.operands.tolist()
        assert after.answers.tolist() == OPERATIONS[operation].answers(before.operands, 11, 0).tolist()
    assert swapped.operation == operation


@given(fraction=st.floats(0.01, 0.95), seed=st.integers(0, 10))
def test_a_stratified_split_gives_every_answer_its_share_also_of_another_size(fraction: float, seed: int) -> None:
    swapped = dataset("multiply", split="stratified", seed=seed).swapped(train_fraction=fraction)
    trained = np.bincount(swapped.train.answers, minlength=11)
    every = np.array([21] + [10] * 10)  # 0 answers every pair that holds a 0
    assert np.abs(trained - every * len(swapped.train) / 121).max() < 1


def test_an_expression_comes_back_after_another_operation() -> None:
    own = dataset("expression", expression="a**2 + 3*a*b")
    between = own.swapped(operation="add")
    assert between.train.answers.tolist() == (own.train.operands.sum(axis=1) % 11).tolist()
    back = between.swapped(operation="expression")
    assert (rows(back.train), rows(back.val)) == (rows(own.train), rows(own.val))
    assert all((a * a + 3 * a * b) % 11 == c for a, b, c in rows(back.train))


def test_an_expression_that_was_never_typed_cannot_be_swapped_in() -> None:
    with pytest.raises(ConfigError) as refused:
        dataset().swapped(operation="expression")
    assert str(refused.value) == "operation expression can only be swapped back to, where a task began with it"


def test_permutations_and_residues_swap_where_the_modulus_is_120() -> None:
    product = dataset("add", 120).swapped(operation="s5_product")
    assert pairs(product.train) == pairs(dataset("add", 120).train)
    with pytest.raises(ConfigError, match="modulus must be 120 for s5_product"):
        dataset().swapped(operation="s5_product")


def test_division_keeps_the_pairs_that_have_an_answer() -> None:
    swapped = dataset().swapped(operation="divide")
    assert pairs(swapped.train) == {(a, b) for a, b in pairs(dataset().train) if b}
    assert pairs(swapped.val) == {(a, b) for a, b in pairs(dataset().val) if b}
    assert all(b * c % 11 == a for a, b, c in rows(swapped.train) + rows(swapped.val))


def test_division_that_leaves_a_side_without_an_equation_is_refused() -> None:
    all_by_zero = next(
        drawn
        for drawn in (dataset(modulus=3, train_fraction=0.1, seed=seed) for seed in range(50))
        if all(b == 0 for _, b in pairs(drawn.train))
    )
    with pytest.raises(ConfigError) as refused:
        all_by_zero.swapped(operation="divide")
    assert str(refused.value) == "operation divide leaves training empty: it answers none of its pairs"


def test_a_composite_modulus_cannot_be_swapped_to_division() -> None:
    with pytest.raises(ConfigError, match="modulus must be prime for divide, and 12 is not: choose 11 or 13"):
        dataset(modulus=12).swapped(operation="divide")


@splits
def test_noisy_answers_are_redrawn_as_at_the_start_and_every_pair_keeps_its_side(split: SplitName) -> None:
    clean, noisy = (dataset(split=split, label_noise=noise) for noise in (0.0, 0.4))
    assert rows(clean.with_label_noise(0.4).train) == rows(noisy.train)
    assert rows(noisy.with_label_noise(0.0).train) == rows(clean.train)
    grown = noisy.swapped(train_fraction=0.3).swapped(train_fraction=0.7)
    noisier = grown.with_label_noise(0.9)
    assert [row[:2] for row in rows(noisier.train)] == [row[:2] for row in rows(grown.train)]
    assert (rows(noisier.val), rows(noisier.seen)) == (rows(grown.val), rows(grown.seen))
    assert (
        rows(noisier.swapped(train_fraction=0.3).train) == rows(noisier.train)[: len(noisier.swapped(train_fraction=0.3).train)]
    )
    assert grown.with_label_noise(0.4) is grown


def test_what_is_added_gets_its_share_of_noise_and_the_rest_keeps_its_answers() -> None:
    half = dataset(label_noise=0.5)
    large = half.swapped(train_fraction=0.9)
    assert rows(large.train)[: len(half.train)] == rows(half.train)
    added = rows(large.train)[len(half.train) :]
    n_wrong = sum((a + b) % 11 != c for a, b, c in added)
    assert 0 < n_wrong <= round(0.5 * len(added))
    assert all((a + b) % 11 == c for a, b, c in rows(large.val))


def test_growing_back_takes_new_equations_because_the_old_ones_were_trained_on() -> None:
    shrunk = dataset().swapped(train_fraction=0.25)
    grown = shrunk.swapped(train_fraction=0.5)
    assert pairs(grown.train) - pairs(shrunk.train) <= pairs(shrunk.val)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (None, 0.001, "train_fraction 0.001 of 121 equations leaves training empty: choose another share"),
        (
            0.1,
            0.65,
            "train_fraction must stay below 0.595, not 0.65: validation has 61 equations to give, and must keep one",
        ),
    ],
)
def test_a_swap_that_would_empty_a_side_is_refused(first: float | None, then: float, message: str) -> None:
    before = dataset() if first is None else dataset().swapped(train_fraction=first)
    with pytest.raises(ConfigError) as refused:
        before.swapped(train_fraction=then)
    assert str(refused.value) == message


@splits
def test_a_whole_table_holds_nothing_out(split: SplitName) -> None:
    whole = dataset(split=split, train_fraction=1.0)
    assert (len(whole.train), len(whole.val), len(whole.seen)) == (121, 0, 0)
    half = dataset(split=split)
    assert rows(whole.train)[: len(half.train)] == rows(half.train)


@splits
@given(fraction=st.floats(0.05, 0.95))
def test_what_leaves_a_whole_table_is_seen_and_comes_back_in_its_order(split: SplitName, fraction: float) -> None:
    whole = dataset(split=split, train_fraction=1.0)
    small = whole.swapped(train_fraction=fraction)
    assert rows(small.train) + rows(small.seen) == rows(whole.train)
    assert len(small.val) == 0
    assert abs(len(small.train) - round(fraction * 121)) <= (split == "symmetric")
    grown = small.swapped(train_fraction=(1 + fraction) / 2)
    assert rows(grown.train) + rows(grown.seen) == rows(whole.train)
    assert rows(small.swapped(train_fraction=1.0).train) == rows(whole.train)


def test_what_leaves_a_whole_table_before_it_was_used_is_validation() -> None:
    small = dataset(train_fraction=1.0).swapped(train_fraction=0.4, was_used=False)
    assert (len(small.train), len(small.val), len(small.seen)) == (48, 73, 0)


@splits
def test_a_swap_to_the_whole_table_takes_every_side_and_what_is_on_none(split: SplitName) -> None:
    shrunk = dataset(split=split, label_noise=1.0).swapped(train_fraction=0.2)
    whole = shrunk.swapped(train_fraction=1.0)
    assert rows(whole.train)[: len(shrunk.train)] == rows(shrunk.train)
    assert (len(pairs(whole.train)), len(whole.train), len(whole.val), len(whole.seen)) == (121, 121, 0, 0)
    assert sum((a + b) % 11 == c for a, b, c in rows(whole.train)) < 40  # what was added is noisy too


def test_a_new_seed_of_a_whole_table_leaves_only_what_was_seen() -> None:
    drawn = dataset(train_fraction=1.0).swapped(seed=3, train_fraction=0.5)
    assert rows(drawn.train) == rows(dataset(seed=3).train)
    assert (len(drawn.val), pairs(drawn.seen)) == (0, pairs(dataset(seed=3).val))


def test_another_operation_of_a_whole_table_adds_what_it_answers_with_everything() -> None:
    divided = dataset("divide", train_fraction=1.0)
    assert len(divided.train) == 110
    added = divided.swapped(operation="add")
    assert len(added.train) == 110
    assert len(added.swapped(train_fraction=1.0).train) == 121
