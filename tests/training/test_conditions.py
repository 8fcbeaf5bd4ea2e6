"""Interventions and ends that wait for what an evaluation shows."""

from collections.abc import Callable

import pytest

from grokterm.experiment.conditions import Comparison
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Finished
from tests.training.outcome import Outcome, assert_same_numbers, changed, finish, halts, started
from tests.training.test_chunks import assert_chunks_leave_no_trace
from tests.training.test_restore import restored

AWAITED = """interventions=[
    { when = "val_accuracy >= 0.5", set = { "optimizer.weight_decay" = 2.0 } },
    { when = "7 steps after val_accuracy >= 0.5", swap = { seed = 5 } },
    { when = "5 steps after memorized", save = true },
]"""


def first_that(outcome: Outcome, shows: Callable[[Evaluated], bool]) -> int:
    return next(one.step for one in outcome.every(Evaluated) if shows(one))


def test_an_intervention_waits_for_the_first_evaluation_that_meets_its_bound(grokking: Experiment) -> None:
    outcome = finish(started(changed(grokking, 'interventions=[{ when = "val_accuracy >= 0.5", save = true }]')))
    assert [one.step for one in outcome.every(Acted)] == [first_that(outcome, lambda one: (one.val_accuracy or 0.0) >= 0.5)]


def test_a_delay_counts_from_the_evaluation_and_ends_between_two(grokking: Experiment) -> None:
    outcome = finish(started(changed(grokking, AWAITED)))
    general = first_that(outcome, lambda one: (one.val_accuracy or 0.0) >= 0.5)
    memorized = outcome.reached_at("memorized")
    assert memorized is not None
    happened = sorted([(general, 0), (general + 7, 1), (memorized + 5, 2)])
    assert [(one.step, one.intervention) for one in outcome.every(Acted)] == happened
    assert (general + 7) % 2 == 1


def test_a_delay_of_an_intervention_runs_on_through_a_swap(grokking: Experiment) -> None:
    swap, later = '{ when = "memorized", swap = { seed = 5 } }', '{ when = "3 steps after memorized", save = true }'
    outcome = finish(started(changed(grokking, f"interventions=[{swap}, {later}]")))
    swapped, saved = outcome.every(Acted)
    assert saved.step == swapped.step + 3


@pytest.mark.parametrize("measure", ["train_loss < 1e-3", "parameter_norm > 15"])
def test_a_run_ends_at_the_first_evaluation_that_meets_a_bound(grokking: Experiment, measure: str) -> None:
    whole, bound = finish(started(grokking)), Comparison.parse(measure)
    assert bound is not None
    outcome = finish(started(changed(grokking, f"training.stop_when={measure}")))
    end = outcome.every(Finished)[0]
    assert end.reason == outcome.trainer.ended == measure
    assert end.step == first_that(whole, lambda one: bound.is_met_by(getattr(one, bound.measure))) < 100
    assert outcome.every(Evaluated) == whole.every(Evaluated)[: len(outcome.evaluated_at)]


def test_a_run_that_ends_after_a_delay_is_measured_there(grokking: Experiment) -> None:
    whole = finish(started(grokking))
    outcome = finish(started(changed(grokking, "training.stop_when=9 steps after memorized")))
    memorized = whole.reached_at("memorized")
    assert memorized is not None
    assert outcome.trainer.step == outcome.evaluated_at[-1] == memorized + 9
    assert outcome.every(Finished)[0].reason == "9 steps after memorized"


def test_the_end_waits_for_its_event_since_the_last_swap(grokking: Experiment) -> None:
    swap = 'interventions=[{ when = "memorized", swap = { seed = 5 } }]'
    outcome = finish(started(changed(grokking, swap, "training.stop_when=4 steps after memorized")))
    first, second = (one.step for one in outcome.facts if getattr(one, "milestone", "") == "memorized")
    assert outcome.every(Acted)[0].step == first < second
    assert outcome.trainer.step == second + 4


@pytest.mark.usefixtures("_members_here")
def test_a_bound_on_an_ensemble_is_one_on_the_mean_over_its_members(grokking: Experiment) -> None:
    ensemble = changed(grokking, "training.members=2", "training.threads=1", "training.stop_when=val_accuracy > 0.35")
    last = finish(started(ensemble)).every(Evaluated)[-1]
    low, high = sorted(row["val_accuracy"] for row in last.rows)
    assert low < 0.35 < (low + high) / 2 == last.val_accuracy


def test_chunks_leave_no_trace_where_conditions_are_awaited(grokking: Experiment) -> None:
    whole = assert_chunks_leave_no_trace(changed(grokking, AWAITED, "training.stop_when=9 steps after grokked"))
    assert [one.intervention for one in whole.every(Acted)] == [2, 0, 1]
    assert whole.trainer.ended == "9 steps after grokked"


def test_a_restored_run_does_what_waits_for_a_condition_once(grokking: Experiment) -> None:
    experiment = changed(grokking, AWAITED, "training.stop_when=9 steps after grokked")
    whole = finish(started(experiment))
    acted = [one.step for one in whole.every(Acted)]
    for halted in halts(experiment, sorted({10, *acted, *(step + 1 for step in acted), whole.trainer.step - 1})):
        resumed = finish(restored(experiment, halted))
        assert [*halted.facts, *resumed.facts[1:]] == whole.facts
        assert_same_numbers(resumed.trainer, whole.trainer)
