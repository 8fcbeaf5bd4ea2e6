import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Reached, Started
from grokterm.training.trainer import Trainer
from tests.training.outcome import Outcome, assert_same_numbers, changed, copied, finish, halts, started, trained_to


def restored(experiment: Experiment, halted: Outcome) -> Trainer:
    trainer = started(experiment)
    trainer.restore(halted.trainer.step, halted.trainer.seconds, copied(halted.trainer), halted.records)
    return trainer


def test_a_restored_run_goes_on_as_if_nothing_had_happened(eventful: Experiment) -> None:
    whole = finish(started(eventful))
    for halted in halts(eventful, [0, 1, 5, 7, 8, 13, 14, 19, 25, 30, 33, 41, 44, 59]):
        resumed = finish(restored(eventful, halted))
        begin, *rest = resumed.facts
        assert isinstance(begin, Started)
        assert begin.step == halted.trainer.step
        assert [*halted.facts, *rest] == whole.facts
        assert_same_numbers(resumed.trainer, whole.trainer)
        assert resumed.trainer.seconds >= halted.trainer.seconds


def test_a_restored_run_remembers_what_was_ever_trained_on(redrawn: Experiment) -> None:
    whole = finish(started(redrawn))
    for halted in halts(redrawn, [7, 8, 18, 25, 26, 33, 39, 40, 50]):
        resumed = finish(restored(redrawn, halted))
        assert [*halted.facts, *resumed.facts[1:]] == whole.facts
        assert_same_numbers(resumed.trainer, whole.trainer)


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_a_restored_run_draws_the_same_noise_and_remembers_the_same_gradients(modified: Experiment, kind: str) -> None:
    experiment = modified if kind == "adamw" else changed(modified, f"optimizer.kind={kind}")
    whole = finish(started(experiment)).trainer
    for halted in halts(experiment, [0, 3, 14, 30]):
        assert_same_numbers(finish(restored(experiment, halted)).trainer, whole)


def test_a_restored_run_does_what_waits_for_a_milestone_once(grokking: Experiment) -> None:
    interventions = 'interventions=[{ when = "memorized", swap = { seed = 5 } }, { when = "grokked", stop = true }]'
    experiment = changed(grokking, interventions)
    whole = finish(started(experiment))
    swapped_at, end = (one.step for one in whole.every(Acted))
    assert len([one for one in whole.every(Reached) if one.milestone == "memorized"]) == 2
    for halted in halts(experiment, (10, swapped_at, swapped_at + 1, end - 1)):
        resumed = finish(restored(experiment, halted))
        assert [*halted.facts, *resumed.facts[1:]] == whole.facts


def test_a_restored_run_knows_the_settings_that_were_changed(eventful: Experiment) -> None:
    trainer = restored(eventful, trained_to(eventful, 20))
    assert trainer.experiment.live_value("optimizer.learning_rate") == 5e-3
    assert len(trainer.dataset.train) == 36


def test_restoring_takes_the_weights_of_frozen_layers_too(tiny: Experiment) -> None:
    frozen = changed(tiny, 'model.frozen=["first"]')
    halted = trained_to(frozen, 20)
    halted.trainer.trainable.frozen["left"] += 1.0
    assert_same_numbers(restored(frozen, halted), halted.trainer)


def test_a_finished_run_can_be_made_longer(tiny: Experiment) -> None:
    longer = changed(tiny, "training.steps=90")
    resumed = finish(restored(longer, finish(started(tiny))))
    assert_same_numbers(resumed.trainer, finish(started(longer)).trainer)
    assert resumed.evaluated_at == [65, 70, 75, 80, 85, 90]


def test_a_milestone_that_was_reached_is_not_reported_again(grokking: Experiment) -> None:
    halted = trained_to(grokking, 90)
    assert halted.reached_at("grokked") is not None
    resumed = finish(restored(grokking, halted))
    assert resumed.reached_at("grokked") is None
    assert resumed.every(Evaluated)[-1].rows[0]["val_accuracy"] > 0.99


def test_a_run_that_stops_at_a_milestone_has_nothing_left_to_do_after_it(grokking: Experiment) -> None:
    experiment = changed(grokking, "training.stop_when=grokked")
    halted = finish(started(experiment))
    resumed = restored(experiment, halted)
    resumed.begin()
    assert resumed.ended == "grokked"
    assert resumed.step == halted.trainer.step
