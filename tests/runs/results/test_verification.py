import math

import pytest

from grokterm.experiment.conditions import Comparison
from grokterm.experiment.expectation import Expect
from grokterm.runs.results.summary import Summary
from grokterm.runs.results.verification import Outcome, Verdict, first_crossing, judge
from tests.runs.records import evaluated

FALLING = tuple(evaluated(step, train_loss=1.0 / (step + 1), val_accuracy=step / 40) for step in range(0, 50, 10))
"""Train loss 1, 1/11, 1/21, ...; validation accuracy 0, .25, .5, .75, 1."""


def outcome(**measured: object) -> Outcome:
    summary = Summary.model_validate({"run": "r", "preset": "p", **measured})
    return Outcome(summary, evaluations=FALLING, inspected={"parameter_norm": 7.0, "exact_fit": None})


def verdict(name: str, wanted: object, *outcomes: Outcome) -> Verdict:
    (one,) = judge(Expect.from_settings({"evidence": "ours", name: wanted}), outcomes)
    return one


@pytest.mark.parametrize(("step", "is_met"), [(863, False), (864, True), (960, True), (1056, True), (1057, False)])
def test_a_range_holds_both_its_ends(step: int, *, is_met: bool) -> None:
    held = verdict("memorized_at", [864, 1056], outcome(memorized_at=step))
    assert (held.values, held.is_met) == ((step,), is_met)


@pytest.mark.parametrize(("measured", "is_met"), [(None, True), (0, False), (40, False)])
def test_never_is_met_by_what_did_not_happen_and_by_nothing_else(measured: int | None, *, is_met: bool) -> None:
    assert verdict("grokked_at", "never", outcome(grokked_at=measured)).is_met is is_met


def test_what_did_not_happen_lies_in_no_range() -> None:
    assert not verdict("grokked_at", [0, 1e9], outcome(grokked_at=None)).is_met


@pytest.mark.parametrize("loss", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_lies_in_no_range_and_is_no_number(loss: float) -> None:
    held = verdict("train_loss", [-1e300, 1e300], outcome(train_loss=loss))
    assert (held.values, held.median, held.is_met) == ((None,), None, False)


@pytest.mark.parametrize(
    ("crossing", "step"),
    [
        (Comparison("train_loss", "<", 1.0), 10),
        (Comparison("train_loss", ">=", 1.0), 0),
        (Comparison("val_accuracy", ">=", 0.75), 30),
        (Comparison("val_accuracy", ">=", 0.76), 40),
        (Comparison("train_loss", "<", 1e-4), None),
    ],
)
def test_a_crossing_is_the_first_evaluated_step_on_the_far_side(crossing: Comparison, step: int | None) -> None:
    assert first_crossing(crossing, FALLING) == step


def test_the_first_crossing_counts_and_not_the_last() -> None:
    losses = (evaluated(step, val_loss=loss) for step, loss in enumerate([1.0, 0.1, 1.0, 0.1]))
    assert first_crossing(Comparison("val_loss", "<", 0.5), losses) == 1


def test_a_loss_that_is_not_a_number_crosses_nothing() -> None:
    for comparison in ("<", ">="):
        assert first_crossing(Comparison("val_loss", comparison, 0.5), [evaluated(0, val_loss=math.nan)]) is None


def test_a_crossing_is_held_against_its_range_or_never() -> None:
    assert verdict("val_accuracy >= 0.75", [25, 35], outcome()).is_met
    assert not verdict("val_accuracy >= 0.75", [31, 35], outcome()).is_met
    assert not verdict("val_accuracy >= 0.75", "never", outcome()).is_met
    assert verdict("train_loss < 1e-4", "never", outcome()).is_met


def test_what_was_inspected_is_held_against_its_range() -> None:
    assert verdict("parameter_norm", [6, 8], outcome()).values == (7.0,)
    assert not verdict("parameter_norm", [8, 9], outcome()).is_met


def test_a_number_that_a_network_does_not_have_lies_in_no_range() -> None:
    held = verdict("exact_fit", [-1e300, 1e300], outcome())
    assert (held.values, held.is_met) == ((None,), False)


def test_the_median_of_the_seeds_decides_and_those_inside_are_counted() -> None:
    seeds = [outcome(grokked_at=step) for step in (1200, 90, 1000)]
    held = verdict("grokked_at", [900, 1100], *seeds)
    assert (held.values, held.median, held.n_inside, held.is_met) == ((1200, 90, 1000), 1000, 1, True)
    assert not verdict("grokked_at", [0, 500], *seeds).is_met


def test_a_step_that_never_came_counts_as_later_than_any_other() -> None:
    some, most = (600, 520, None), (600, None, None)
    held = verdict("grokked_at", [500, 700], *(outcome(grokked_at=step) for step in some))
    assert (held.median, held.n_inside, held.is_met) == (600, 2, True)
    held = verdict("grokked_at", [500, 700], *(outcome(grokked_at=step) for step in most))
    assert (held.median, held.n_inside, held.is_met) == (None, 1, False)


def test_half_of_the_seeds_without_the_step_do_not_make_a_median() -> None:
    assert verdict("grokked_at", [0, 1e9], outcome(grokked_at=600), outcome(grokked_at=None)).median is None


def test_never_must_hold_for_every_seed() -> None:
    held = verdict("grokked_at", "never", *(outcome(grokked_at=step) for step in (None, None, 600)))
    assert (held.median, held.n_inside, held.is_met) == (None, 2, False)
    assert verdict("grokked_at", "never", outcome(), outcome()).is_met


def test_each_expectation_has_a_verdict_in_the_order_of_the_preset() -> None:
    expect = Expect.from_settings({"evidence": "ours", "grokked_at": "never", "val_accuracy": [0, 1], "memorized_at": [1, 2]})
    verdicts = judge(expect, [outcome(val_accuracy=0.5)])
    assert [(one.measure, one.is_met) for one in verdicts] == [
        ("grokked_at", True),
        ("val_accuracy", True),
        ("memorized_at", False),
    ]


def test_a_run_that_diverged_shows_nothing_of_what_never_happens() -> None:
    expect = Expect.from_settings({"evidence": "ours", "grokked_at": "never"})
    held = judge(expect, [outcome(diverged_at=10)])
    assert [(one.measure, one.is_met) for one in held] == [("grokked_at", True), ("diverged_at", False)]


def test_a_divergence_that_is_expected_is_held_once() -> None:
    expect = Expect.from_settings({"evidence": "ours", "diverged_at": [5, 15]})
    assert [(one.measure, one.is_met) for one in judge(expect, [outcome(diverged_at=10)])] == [("diverged_at", True)]
