"""Inspections beside a training."""

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Acted, Evaluated, Finished, Inspected, Reached
from grokterm.inspection.analysis import Examination
from grokterm.inspection.forward_pass import Observer
from tests.training.outcome import Outcome, changed, finish, started, trained_to


@pytest.fixture
def inspecting(tiny: Experiment) -> Experiment:
    """60 steps, measured every 5 and inspected every 10."""
    return changed(tiny, "training.inspect_every=10")


def inspections(outcome: Outcome) -> dict[int, Inspected]:
    return {record.step: record for record in outcome.every(Inspected)}


def test_a_training_is_inspected_at_every_step_that_was_asked_for(inspecting: Experiment) -> None:
    outcome = finish(started(inspecting))
    milestones = {record.step for record in outcome.every(Reached)}
    assert milestones
    assert sorted(inspections(outcome)) == sorted({0, 10, 20, 30, 40, 50, 60} | milestones)
    assert isinstance(outcome.records[-1], Finished)


def test_an_inspection_sees_the_weights_of_its_step(inspecting: Experiment) -> None:
    halted = trained_to(inspecting, 30).trainer
    there = Examination(halted.snapshot(), Observer(halted.fit.network)).inspected()
    assert inspections(finish(started(inspecting)))[30] == there


def test_how_a_run_is_cut_into_chunks_leaves_no_trace(inspecting: Experiment) -> None:
    whole, cut = finish(started(inspecting)), finish(started(inspecting), [1, 4, 2])
    assert inspections(whole) == inspections(cut)


def test_inspecting_does_not_change_the_training(inspecting: Experiment, tiny: Experiment) -> None:
    assert finish(started(inspecting)).every(Evaluated) == finish(started(tiny)).every(Evaluated)


def test_what_is_still_worked_on_can_be_waited_for(inspecting: Experiment) -> None:
    outcome = trained_to(inspecting, 20)
    found = [*outcome.every(Inspected), *(record for record in outcome.trainer.settle() if isinstance(record, Inspected))]
    assert [record.step for record in found] == [0, 10, 20]
    assert outcome.trainer.settle() == []


def test_a_swap_is_seen_from_the_step_after_it(inspecting: Experiment) -> None:
    swapping = changed(inspecting, 'interventions=[{at_step=20, swap={operation="subtract"}}]')
    outcome = finish(started(swapping))
    assert [record.step for record in outcome.every(Acted)] == [20]
    plain, after = inspections(finish(started(inspecting))), inspections(outcome)
    assert after[20] == plain[20]
    assert after[30] != plain[30]


def test_a_training_that_is_not_to_be_inspected_is_not(tiny: Experiment) -> None:
    assert finish(started(tiny)).every(Inspected) == []


def test_inspections_wait_for_evaluations_that_grow_rare(inspecting: Experiment) -> None:
    rare = changed(inspecting, "training.evaluate_every=log", "training.inspect_every=51", "training.steps=150")
    outcome = finish(started(rare))
    milestones = {record.step for record in outcome.every(Reached)}
    assert sorted(inspections(outcome)) == sorted({0, 51, 102, 150} | milestones)


def test_inspections_fall_on_evaluations(tiny: Experiment) -> None:
    with pytest.raises(ConfigError, match="inspect_every must be a multiple of evaluate_every, which is 5, not 7"):
        changed(tiny, "training.inspect_every=7")
