import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.orders import SplitName
from grokterm.tasks.sizes import n_train
from tests.tasks.tables import FRACTIONS, SPLITS, dataset, pairs, parted_pairs, rows


@pytest.mark.parametrize("operation", [name for name, row in OPERATIONS.items() if row.group is None])
@given(split=st.sampled_from(SPLITS), fraction=FRACTIONS, seed=st.integers(0, 10))
def test_the_two_sides_are_disjoint_and_cover_the_table(operation: str, split: SplitName, fraction: float, seed: int) -> None:
    drawn = dataset(operation=operation, split=split, train_fraction=fraction, seed=seed)
    operands = OPERATIONS[operation].operands(11)
    answers = OPERATIONS[operation].answers(operands, 11, seed)
    table = [(int(a), int(b), int(c)) for (a, b), c in zip(operands, answers, strict=True)]
    assert sorted(rows(drawn.train) + rows(drawn.val)) == table


@given(split=st.sampled_from(["random", "nested", "stratified"]), fraction=FRACTIONS)
def test_the_training_side_has_exactly_its_share(split: SplitName, fraction: float) -> None:
    assert len(dataset(split=split, train_fraction=fraction).train) == round(fraction * 121)


@given(fraction=FRACTIONS)
def test_a_symmetric_split_has_its_share_to_one_equation(fraction: float) -> None:
    assert abs(len(dataset(split="symmetric", train_fraction=fraction).train) - round(fraction * 121)) <= 1


@pytest.mark.parametrize("split", SPLITS)
def test_the_same_seed_gives_the_same_split(split: SplitName) -> None:
    assert rows(dataset(split=split, seed=3).train) == rows(dataset(split=split, seed=3).train)


@pytest.mark.parametrize("split", ["random", "symmetric", "stratified"])
def test_another_seed_gives_another_split(split: SplitName) -> None:
    assert pairs(dataset(split=split, seed=3).train) != pairs(dataset(split=split, seed=4).train)


@given(seed=st.integers(0, 100))
def test_a_nested_split_is_the_same_for_every_seed(seed: int) -> None:
    assert rows(dataset(split="nested", seed=seed).train) == rows(dataset(split="nested", seed=0).train)


@pytest.mark.parametrize("split", SPLITS)
@given(fractions=st.tuples(FRACTIONS, FRACTIONS))
def test_a_smaller_fraction_is_a_prefix_of_a_larger_one(split: SplitName, fractions: tuple[float, float]) -> None:
    small, large = (rows(dataset(split=split, train_fraction=fraction).train) for fraction in sorted(fractions))
    assert large[: len(small)] == small


@pytest.mark.parametrize("operation", ["add", "subtract", "divide"])
@given(fraction=FRACTIONS, seed=st.integers(0, 10))
def test_a_symmetric_split_keeps_mirrors_on_one_side(operation: str, fraction: float, seed: int) -> None:
    assert parted_pairs(dataset(operation=operation, split="symmetric", train_fraction=fraction, seed=seed)) == set()


def test_a_random_split_parts_mirrors() -> None:
    assert len(parted_pairs(dataset(split="random"))) > 10


@pytest.mark.parametrize("split", SPLITS)
def test_a_split_of_permutations_holds_every_pair_on_one_side(split: SplitName) -> None:
    drawn = dataset("s5_product", 120, split=split, train_fraction=0.3)
    assert len(pairs(drawn.train)) + len(pairs(drawn.val)) == 14_400
    assert not pairs(drawn.train) & pairs(drawn.val)


@pytest.mark.parametrize("operation", ["add", "multiply", "divide", "cubic", "sum_of_squares", "random"])
@given(fraction=FRACTIONS, seed=st.integers(0, 10))
def test_a_stratified_split_gives_training_the_same_share_of_every_answer(operation: str, fraction: float, seed: int) -> None:
    drawn = dataset(operation, split="stratified", train_fraction=fraction, seed=seed)
    assert largest_deviation(drawn) < 1


def largest_deviation(split: Dataset) -> float:
    """Return by how many equations an answer misses its share of the training side, at the worst."""
    trained = np.bincount(split.train.answers, minlength=split.modulus)
    every = trained + np.bincount(split.val.answers, minlength=split.modulus)
    return float(np.abs(trained - every * len(split.train) / split.n_equations).max())


def test_a_random_split_does_not_give_every_answer_the_same_share() -> None:
    assert largest_deviation(dataset("multiply", split="random")) > 2


def test_a_stratified_split_of_a_sum_has_every_answer_equally_often() -> None:
    drawn = dataset(split="stratified", train_fraction=33 / 121)
    assert np.bincount(drawn.train.answers).tolist() == [3] * 11


def test_a_split_does_not_follow_the_order_of_the_table() -> None:
    left = dataset(modulus=31).train.operands[:, 0]
    assert abs(float(np.corrcoef(left, np.arange(len(left)))[0, 1])) < 0.2


@pytest.mark.parametrize(
    ("fraction", "n_equations", "empty"), [(0.001, 121, "training"), (0.004, 121, "training"), (0.999, 121, "validation")]
)
def test_a_fraction_that_leaves_a_side_empty_is_refused(fraction: float, n_equations: int, empty: str) -> None:
    with pytest.raises(ConfigError) as refused:
        n_train(fraction, n_equations)
    said = f"train_fraction {fraction:g} of 121 equations leaves {empty} empty: choose another share"
    assert str(refused.value) == said + (", or 1 for the whole table" if empty == "validation" else "")


def test_the_smallest_and_the_largest_split_leave_one_equation() -> None:
    assert n_train(0.005, 121) == 1
    assert n_train(0.995, 121) == 120


def n_changed(share: float, seed: int) -> int:
    """Count the answers that noise changes among the ten training equations of a + b mod 5."""
    clean, noisy = (
        dataset(modulus=5, split="nested", train_fraction=0.4, label_noise=noise, seed=seed) for noise in (0.0, share)
    )
    return int(np.count_nonzero(clean.train.answers != noisy.train.answers))


@pytest.mark.parametrize(("share", "n_redrawn"), [(0.04, 0), (0.1, 1), (0.28, 3), (0.5, 5), (0.74, 7)])
def test_label_noise_redraws_exactly_its_share_and_some_hit_the_true_answer(share: float, n_redrawn: int) -> None:
    counts = [n_changed(share, seed) for seed in range(100)]
    assert max(counts) == n_redrawn
    assert min(counts) < n_redrawn or n_redrawn == 0


@given(share=st.floats(0, 1), seed=st.integers(0, 10))
def test_label_noise_changes_answers_only(share: float, seed: int) -> None:
    clean, noisy = (dataset(modulus=23, label_noise=noise, seed=seed).train for noise in (0.0, share))
    assert np.array_equal(noisy.operands, clean.operands)
    assert set(noisy.answers) <= set(range(23))
    assert np.count_nonzero(noisy.answers != clean.answers) <= round(share * len(clean))


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_about_one_redrawn_answer_in_p_hits_the_true_one(share: float) -> None:
    clean, noisy = (dataset(modulus=59, label_noise=noise).train for noise in (0.0, share))
    changed, n_redrawn = np.count_nonzero(noisy.answers != clean.answers), round(share * len(clean))
    assert n_redrawn * (1 - 3 / 59) < changed < n_redrawn


@pytest.mark.parametrize("split", SPLITS)
def test_label_noise_leaves_validation_clean(split: SplitName) -> None:
    assert rows(dataset(split=split, label_noise=1.0).val) == rows(dataset(split=split).val)


def test_labels_redrawn_altogether_are_uniform_whatever_the_operation_answers() -> None:
    drawn = dataset("square_of_sum", 23, label_noise=1.0, train_fraction=0.9)
    clean = dataset("square_of_sum", 23, train_fraction=0.9)
    assert len(set(clean.train.answers)) == 12  # squares
    counts = np.bincount(drawn.train.answers, minlength=23)
    expected = len(drawn.train) / 23
    assert float(((counts - expected) ** 2 / expected).sum()) < 42.8  # chi-squared of 22 degrees of freedom, 1 in 200
    assert np.count_nonzero(drawn.train.answers == clean.train.answers) < 3 * expected


def test_the_same_seed_gives_the_same_noise_and_another_seed_another() -> None:
    assert rows(dataset(label_noise=0.3).train) == rows(dataset(label_noise=0.3).train)
    first, second = (
        np.flatnonzero(noisy.train.answers != noisy.train.operands.sum(axis=1) % 11)
        for noisy in (dataset(split="nested", label_noise=0.3, seed=seed) for seed in (0, 1))
    )
    assert first.tolist() != second.tolist()
