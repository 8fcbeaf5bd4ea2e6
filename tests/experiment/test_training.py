"""When a training is measured, and when it is looked at."""

from itertools import pairwise
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.experiment.training import LOG_INTERVALS, Training

PAST_THE_LAST_ROW = LOG_INTERVALS[0][0] + 3 * LOG_INTERVALS[0][1]

steps = st.integers(0, 2 * PAST_THE_LAST_ROW)
trainings = st.builds(
    lambda steps, every: Training(steps=steps, evaluate_every=every), steps, st.one_of(st.just("log"), st.integers(1, 300))
)


def evaluated(training: Training) -> list[int]:
    return [step for step in range(training.steps + 1) if training.evaluates(step)]


@given(trainings)
def test_the_first_and_the_last_step_are_evaluated(training: Training) -> None:
    assert training.evaluates(0)
    assert training.evaluates(training.steps)


@given(trainings, steps)
def test_the_next_evaluation_is_the_first_evaluated_step_after_this_one(training: Training, step: int) -> None:
    following = training.next_evaluation(step)
    assert [one for one in range(step + 1, following + 1) if training.evaluates(one)] == [following]


@given(trainings, steps)
def test_a_longer_training_is_evaluated_at_the_same_steps_before(training: Training, more: int) -> None:
    longer = training.model_copy(update={"steps": training.steps + more})
    before = [step for step in evaluated(longer) if step < training.steps]
    assert evaluated(training) == [*before, training.steps]


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_simple_numbers_are_evaluated(factor: int) -> None:
    training = Training(steps=10**9, evaluate_every="log")
    assert all(training.evaluates(factor * 10**power) for power in range(9))


def test_early_steps_are_all_evaluated_and_late_ones_at_a_fixed_interval() -> None:
    every = evaluated(Training(steps=PAST_THE_LAST_ROW, evaluate_every="log"))
    gaps = {first: second - first for first, second in pairwise(every)}
    assert every[:101] == list(range(101))
    assert all(gap <= 0.02 * step for step, gap in gaps.items() if step >= 100)
    assert list(gaps.values()) == sorted(gaps.values())
    assert {gap for step, gap in gaps.items() if step >= 5000} == {100}


@pytest.mark.parametrize(("first", "n_evaluated"), [(10, 90), (100, 175), (1000, 175), (10_000, 900)])
def test_a_decade_has_so_many_evaluations(first: int, n_evaluated: int) -> None:
    training = Training(steps=10 * first, evaluate_every="log")
    assert sum(training.evaluates(step) for step in range(first, 10 * first)) == n_evaluated


@given(steps, st.one_of(st.just("log"), st.integers(1, 300)), st.integers(1, 700))
def test_the_first_evaluation_at_or_after_each_multiple_is_inspected(
    last: int, evaluate_every: int | Literal["log"], every: int
) -> None:
    training = Training(steps=last, evaluate_every=evaluate_every, inspect_every=every)
    at_multiples = {
        next(step for step in range(multiple, last + 1) if training.evaluates(step)) for multiple in range(0, last + 1, every)
    }
    inspected = {step for step in evaluated(training) if training.inspects(step, is_milestone=False)}
    assert inspected == at_multiples | {last}


@given(steps, st.integers(1, 300), st.integers(1, 5))
def test_a_number_inspects_at_its_multiples(last: int, every: int, times: int) -> None:
    training = Training(steps=last, evaluate_every=every, inspect_every=times * every)
    inspected = {step for step in range(last + 1) if training.inspects(step, is_milestone=False)}
    assert inspected == {*range(0, last + 1, times * every), last}


def test_milestones_are_inspected_where_anything_is() -> None:
    assert Training(evaluate_every="log", inspect_every=1000).inspects(3, is_milestone=True)
    assert not Training(evaluate_every="log").inspects(3, is_milestone=True)


@given(trainings)
def test_the_mean_interval_spreads_the_same_evaluations_evenly(training: Training) -> None:
    n_evaluations = len(evaluated(training)) - 1
    assert training.steps / training.mean_interval == pytest.approx(n_evaluations, rel=0.5, abs=1)


def checkpoints(training: Training, last: int) -> list[int]:
    found, step = [], training.next_checkpoint(-1)
    while step is not None and step <= last:
        found.append(step)
        step = training.next_checkpoint(step)
    return found


def test_checkpoints_are_kept_at_the_steps_that_are_listed_or_evenly_on_a_logarithmic_axis() -> None:
    assert checkpoints(Training(checkpoint_at=(200, 0, 7)), 1000) == [0, 7, 200]
    assert checkpoints(Training(), 1000) == []
    assert checkpoints(Training(checkpoint_at="log"), 1000)[-8:] == [5, 10, 20, 50, 100, 200, 500, 1000]
    assert checkpoints(Training(checkpoint_at="log"), 5)[:3] == [1, 2, 5]
