"""What may change while a run trains, beside the numbers of its update rule."""

import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, LiveValue, Set, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Finished
from grokterm.training.trainer import Trainer
from tests.training.outcome import Outcome, assert_same_numbers, changed, copied, finish, single_of, started, trained_to

MINIBATCHES = "optimizer.batch_size=20"


def set_to(trainer: Trainer, **values: LiveValue) -> Outcome:
    """Set settings of which the section is written before two underscores."""
    action = Set(values={name.replace("__", "."): value for name, value in values.items()})
    return Outcome(trainer, trainer.act(action))


def finished(trainer: Trainer) -> Outcome:
    records = list(trainer.begin())
    while trainer.ended is None:
        records += trainer.advance()
    return Outcome(trainer, records)


@pytest.mark.parametrize(
    "assignments",
    [
        ("optimizer.batch_size=15",),
        ("optimizer.batch_share=0.2",),
        ("task.label_noise=0.4", MINIBATCHES),
        ("optimizer.betas=[0.5, 0.6]", "optimizer.epsilon=1e-3", "optimizer.perpendicular_gradient=true"),
        ("optimizer.kind=muon", "optimizer.nesterov=false", "optimizer.orthogonal_steps=2"),
    ],
)
def test_what_is_set_before_the_first_step_is_what_the_run_began_with(tiny: Experiment, assignments: tuple[str, ...]) -> None:
    experiment = changed(tiny, *(one for one in assignments if "kind" in one))
    values = ", ".join(
        f'"{name}" = {value}' for one in assignments for name, _, value in [one.partition("=")] if "kind" not in one
    )
    later = finish(started(changed(experiment, f"interventions=[{{ at_step = 0, set = {{ {values} }} }}]")))
    assert_same_numbers(later.trainer, finish(started(changed(tiny, *assignments))).trainer)
    with pytest.raises(AssertionError):
        assert_same_numbers(later.trainer, finish(started(experiment)).trainer)


def test_another_batch_size_begins_an_epoch_that_sees_every_equation_once(tiny: Experiment) -> None:
    trainer = trained_to(changed(tiny, MINIBATCHES), 5).trainer
    set_to(trainer, optimizer__batch_size=30)
    batches = single_of(trainer)._batches
    for epoch in range(2):
        rows = np.concatenate([batches.selection_at(5 + 3 * epoch + step)[0].numpy() for step in range(3)])
        assert sorted(rows) == list(range(len(trainer.dataset.train)))
    before = batches.selection_at(7)[0].tolist()
    set_to(trainer, optimizer__batch_size=30, optimizer__learning_rate=0.1)
    assert single_of(trainer)._batches.selection_at(7)[0].tolist() == before


def test_a_batch_set_larger_than_the_training_set_is_lowered_with_a_note_and_grows_with_it(tiny: Experiment) -> None:
    trainer = trained_to(changed(tiny, MINIBATCHES), 5).trainer
    (acted,) = set_to(trainer, optimizer__batch_size=90).every(Acted)
    assert acted.note == "batch size lowered from 90 to 73"
    trainer.act(Swap(train_fraction=0.9))
    assert (trainer.trainable.batch_size, len(trainer.dataset.train)) == (90, 109)


def test_another_batch_size_before_a_swap_does_not_hide_that_the_training_set_was_used(tiny: Experiment) -> None:
    plain, batched = (trained_to(tiny, 20).trainer for _ in range(2))
    set_to(batched, optimizer__batch_size=30)
    for trainer in (plain, batched):
        trainer.act(Swap(seed=7, train_fraction=0.2))
    assert (plain.dataset.was_trained == batched.dataset.was_trained).all()
    assert batched.dataset.was_trained.any()


def test_noisier_answers_are_measured_at_once_and_validation_stays_clean(tiny: Experiment) -> None:
    trainer = trained_to(changed(tiny, "training.steps=200"), 100).trainer
    (before,) = trained_to(changed(tiny, "training.steps=100"), 100).every(Evaluated)[-1:]
    (after,) = set_to(trainer, task__label_noise=0.5).every(Evaluated)
    assert before.train_accuracy == 1.0 > after.train_accuracy > 0.4
    assert (after.val_loss, after.val_accuracy) == (before.val_loss, before.val_accuracy)
    (clean,) = set_to(trainer, task__label_noise=0.0).every(Evaluated)
    assert clean == before


def test_evaluations_come_at_another_interval_from_the_step_at_which_it_was_set(tiny: Experiment) -> None:
    trainer = trained_to(tiny, 7).trainer
    set_to(trainer, training__evaluate_every=20)
    assert finished(trainer).evaluated_at == [20, 40, 60]


@pytest.mark.parametrize(
    ("condition", "steps_later"), [("grokked", 0), ("4 steps after grokked", 0), ("30 steps after grokked", None)]
)
def test_a_run_that_is_told_late_to_stop_at_a_milestone_counts_it(
    grokking: Experiment, condition: str, steps_later: int | None
) -> None:
    halted = trained_to(grokking, 67)
    grokked_at = halted.reached_at("grokked")
    assert grokked_at is not None
    assert grokked_at <= 60
    records = set_to(halted.trainer, training__stop_when=condition).records
    end = next(one for one in [*records, *finished(halted.trainer).records] if isinstance(one, Finished))
    assert (end.step, end.reason) == (grokked_at + 30 if steps_later is None else 67, condition)


def test_a_run_that_is_told_to_stop_waits_for_a_milestone_since_the_last_swap_and_for_a_bound(grokking: Experiment) -> None:
    whole = finish(started(grokking))
    swapped = trained_to(grokking, 80).trainer
    swapped.act(Swap(operation="subtract"))
    assert set_to(swapped, training__stop_when="memorized").every(Finished) == []
    halted = trained_to(grokking, 31).trainer
    assert set_to(halted, training__stop_when="train_loss < 1").every(Finished) == []
    assert finished(halted).trainer.step == 32  # the next evaluation
    taken_back = trained_to(changed(grokking, "training.stop_when=grokked"), 20).trainer
    set_to(taken_back, training__stop_when="never")
    assert_same_numbers(finished(taken_back).trainer, whole.trainer)


def test_a_run_that_a_later_condition_has_ended_is_extended_and_restored_beyond_it(grokking: Experiment) -> None:
    halted = trained_to(grokking, 70)
    records = [*halted.records, *set_to(halted.trainer, training__stop_when="grokked").records]
    assert halted.trainer.ended == "grokked"
    records += halted.trainer.act(Extend(steps=90))
    restored = started(changed(grokking, "training.steps=90"))
    restored.restore(70, 0.0, copied(halted.trainer), records)
    for trainer in (halted.trainer, restored):
        assert finished(trainer).trainer.ended == "complete"
    assert_same_numbers(restored, halted.trainer)


def test_what_a_resume_changes_holds_also_after_it_was_set_on_the_way(grokking: Experiment) -> None:
    halted = trained_to(grokking, 30)
    records = [*halted.records, *set_to(halted.trainer, training__stop_when="grokked", training__evaluate_every=1).records]
    resumed = started(changed(grokking, "training.evaluate_every=50"))
    resumed.restore(30, 0.0, copied(halted.trainer), records)
    assert resumed.experiment.training.stop_when == "grokked"
    begun = resumed.begin(("training.stop_when=never", "training.evaluate_every=50"))
    assert finished(resumed).evaluated_at == [50, 100]
    again = started(changed(grokking, "training.evaluate_every=50"))
    again.restore(30, 0.0, copied(halted.trainer), [*records, *begun])
    assert (again.experiment.training.stop_when, again.experiment.training.evaluate_every) == ("never", 50)
