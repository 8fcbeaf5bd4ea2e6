"""Inspections beside a training."""

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Acted, Finished, Reached
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.forward_pass import ForwardPass
from tests.training.outcome import Outcome, changed, finish, started, trained_to


@pytest.fixture
def metric_at_step(tiny: Experiment) -> Experiment:
    """60 steps, measured every 5 and inspected every 10."""
    return changed(tiny, "training.inspect_every=10")


def inspections(outcome: Outcome) -> dict[int, Inspected]:
    return {record.step: record for record in outcome.every(Inspected)}


def test_a_training_is_inspected_at_every_step_that_was_asked_for(metric_at_step: Experiment) -> None:
    outcome = finish(started(metric_at_step))
    milestones = {record.step for record in outcome.every(Reached)}
    assert milestones
    assert sorted(inspections(outcome)) == sorted({0, 10, 20, 30, 40, 50, 60} | milestones)
    assert isinstance(outcome.records[-1], Finished)


def test_an_inspection_sees_the_weights_of_its_step(metric_at_step: Experiment) -> None:
    halted = trained_to(metric_at_step, 30).trainer
    there = NetworkAnalysis(halted.snapshot(), ForwardPass(halted.trainable.network)).inspected()
    assert inspections(finish(started(metric_at_step)))[30] == there


def test_how_a_run_is_cut_into_chunks_leaves_no_trace(metric_at_step: Experiment) -> None:
    whole, cut = finish(started(metric_at_step)), finish(started(metric_at_step), [1, 4, 2])
    assert inspections(whole) == inspections(cut)


def test_inspecting_does_not_change_the_training(metric_at_step: Experiment, tiny: Experiment) -> None:
    assert finish(started(metric_at_step)).every(Evaluated) == finish(started(tiny)).every(Evaluated)


def test_what_is_still_worked_on_can_be_waited_for(metric_at_step: Experiment) -> None:
    outcome = trained_to(metric_at_step, 20)
    found = [
        *outcome.every(Inspected),
        *(record for record in outcome.trainer.wait_for_inspections() if isinstance(record, Inspected)),
    ]
    assert [record.step for record in found] == [0, 10, 20]
    assert outcome.trainer.wait_for_inspections() == []


def test_a_swap_is_seen_from_the_step_after_it(metric_at_step: Experiment) -> None:
    swapping = changed(metric_at_step, 'interventions=[{at_step=20, swap={operation="subtract"}}]')
    outcome = finish(started(swapping))
    assert [record.step for record in outcome.every(Acted)] == [20]
    plain, after = inspections(finish(started(metric_at_step))), inspections(outcome)
    assert after[20] == plain[20]
    assert after[30] != plain[30]


def test_a_training_that_is_not_to_be_inspected_is_not(tiny: Experiment) -> None:
    assert finish(started(tiny)).every(Inspected) == []


def test_inspections_wait_for_evaluations_that_grow_rare(metric_at_step: Experiment) -> None:
    rare = changed(metric_at_step, "training.evaluate_every=log", "training.inspect_every=51", "training.steps=150")
    outcome = finish(started(rare))
    milestones = {record.step for record in outcome.every(Reached)}
    assert sorted(inspections(outcome)) == sorted({0, 51, 102, 150} | milestones)


def test_inspections_fall_on_evaluations(tiny: Experiment) -> None:
    slow = changed(tiny, "training.inspect_every=7", "training.steps=30", "optimizer.learning_rate=1e-6")
    assert sorted(inspections(finish(started(slow)))) == [0, 10, 15, 25, 30]
