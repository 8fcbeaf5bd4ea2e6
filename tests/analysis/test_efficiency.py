from dataclasses import replace

import numpy as np
import pytest

from grokterm.analysis.efficiency import NormAt, efficiency_labels, late_step, logit_quantiles, parameter_norm
from grokterm.analysis.observation import Observation, Side
from tests.analysis.observations import answering, observed

STEPS = np.arange(0, 1001, 10)
NORMS = 100.0 - STEPS / 100


def with_logits(logits: np.ndarray) -> Observation:
    """Return an observation that has answered every row right, with these logits."""
    right = observed(scores=answering(observed().answers, 11), sides=np.full(121, Side.TRAIN))
    return replace(right, right_scores=logits)


def test_the_quantiles_of_a_hundred_and_twenty_one_ascending_logits_are_every_sixth() -> None:
    shuffled = np.random.default_rng(0).permutation(121).astype(np.float64)
    assert logit_quantiles(with_logits(shuffled)).tolist() == [121 * level // 20 for level in range(20)]


def test_a_multiple_of_twenty_rows_gives_every_fifth_percent_from_the_smallest_on() -> None:
    observation = with_logits(np.arange(121.0))
    hundred = replace(observation, sides=np.where(np.arange(121) < 100, Side.TRAIN, Side.VAL))
    assert logit_quantiles(hundred).tolist() == list(range(0, 100, 5))


def test_only_training_rows_that_are_answered_right_count() -> None:
    observation = with_logits(np.arange(121.0))
    sides = np.where(np.arange(121) < 60, Side.TRAIN, Side.VAL)
    sides[60:70] = Side.NEITHER
    predicted = np.where(np.arange(121) < 10, (observation.answers + 1) % 11, observation.answers)
    assert set(logit_quantiles(replace(observation, sides=sides, predicted=predicted))) <= set(range(10, 60))


def test_without_a_training_row_answered_right_there_is_nothing() -> None:
    observation = with_logits(np.arange(121.0))
    assert logit_quantiles(replace(observation, predicted=(observation.answers + 1) % 11)).shape == (0,)
    assert logit_quantiles(replace(observation, sides=np.full(121, Side.VAL))).shape == (0,)


def test_a_single_row_is_all_twenty_quantiles() -> None:
    observation = with_logits(np.full(121, 3.0))
    one = replace(observation, sides=np.where(np.arange(121) == 7, Side.TRAIN, Side.VAL))
    assert logit_quantiles(one).tolist() == [3.0] * 20


def test_logits_of_a_network_that_has_diverged_are_passed_on() -> None:
    assert np.isnan(logit_quantiles(with_logits(np.full(121, np.nan)))).all()


def test_the_norm_is_that_of_all_parameters_together() -> None:
    assert parameter_norm({"a": np.array([[3.0, 0.0]]), "b": np.array(4.0)}) == 5.0
    assert parameter_norm({}) == 0.0


def test_the_norm_is_computed_in_double_precision() -> None:
    many = np.full(1_000_000, 0.1, dtype=np.float32)
    assert parameter_norm({"w": many}) == pytest.approx(float(np.float32(0.1)) * 1000, rel=1e-12)
    assert parameter_norm({"w": np.array([1e30], dtype=np.float32)}) == pytest.approx(1e30)


def test_labels_are_taken_at_their_steps() -> None:
    labels = efficiency_labels(STEPS, NORMS, memorized_at=120, steps=1000)
    assert labels.memorizing == NormAt(120, 98.8)
    assert labels.generalizing == NormAt(980, 90.2)


def test_a_step_that_was_not_measured_is_stood_for_by_the_nearest() -> None:
    labels = efficiency_labels(STEPS[::7], NORMS[::7], memorized_at=139, steps=1000)
    assert labels.memorizing == NormAt(140, 98.6)
    assert labels.generalizing == NormAt(980, 90.2)
    assert efficiency_labels(STEPS, NORMS, memorized_at=None, steps=1011).generalizing == NormAt(990, 90.1)
    assert efficiency_labels(STEPS, NORMS, memorized_at=125, steps=1000).memorizing == NormAt(120, 98.8)  # of two, the earlier


def test_a_norm_stands_for_a_step_up_to_a_tenth_of_it_away() -> None:
    for step, expected in ((110, NormAt(110, 1.0)), (111, None), (90, NormAt(90, 1.0)), (89, None)):
        labels = efficiency_labels(np.array([step]), np.array([1.0]), memorized_at=100, steps=10_000)
        assert (labels.memorizing, labels.generalizing) == (expected, None)


def test_the_late_step_is_the_first_at_98_percent() -> None:
    assert [late_step(steps) for steps in (1000, 1011, 50, 1, 0)] == [980, 991, 49, 1, 0]


def test_of_two_norms_at_a_step_the_first_counts() -> None:
    twice, norms = np.array([90, 100, 100, 130]), np.array([1.0, 2.0, 3.0, 4.0])
    assert efficiency_labels(twice, norms, memorized_at=100, steps=1000).memorizing == NormAt(100, 2.0)
    assert efficiency_labels(twice, norms, memorized_at=104, steps=1000).memorizing == NormAt(100, 2.0)


def test_what_the_run_has_not_reached_has_no_label() -> None:
    labels = efficiency_labels(STEPS[:98], NORMS[:98], memorized_at=None, steps=1000)
    assert (labels.memorizing, labels.generalizing) == (None, None)
    assert efficiency_labels(STEPS[:99], NORMS[:99], memorized_at=None, steps=1000).generalizing == NormAt(980, 90.2)
    assert efficiency_labels(STEPS[:0], NORMS[:0], memorized_at=5, steps=10).memorizing is None
    assert efficiency_labels(STEPS[5:], NORMS[5:], memorized_at=40, steps=1000).memorizing is None  # 50 is too far
