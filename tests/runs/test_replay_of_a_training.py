import pytest
import torch

from grokterm.errors import OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Skipped
from grokterm.runs.replay import train_again
from grokterm.training.single import SingleNetwork
from grokterm.training.trainer import Trainer
from tests.training.outcome import Outcome, assert_same_numbers, changed, finish, started, trained_to


def replayed(experiment: Experiment, outcome: Outcome, last: int) -> Trainer:
    trainer = started(experiment)
    assert list(train_again(trainer, [one for one in outcome.records if one.step <= last], last)) == list(range(last + 1))
    return trainer


@pytest.mark.parametrize("step", [0, 7, 13, 21, 30, 41, 60])
def test_steps_that_are_trained_again_give_the_same_numbers(eventful: Experiment, step: int) -> None:
    assert_same_numbers(replayed(eventful, finish(started(eventful)), step), trained_to(eventful, step).trainer)


@pytest.mark.parametrize("step", [8, 25, 34, 60])
def test_new_splits_keep_away_from_the_same_equations_again(redrawn: Experiment, step: int) -> None:
    again, once = replayed(redrawn, finish(started(redrawn)), step), trained_to(redrawn, step).trainer
    assert_same_numbers(again, once)
    for ours, theirs in zip(again.dataset.sides, once.dataset.sides, strict=True):
        assert ours.operands.tolist() == theirs.operands.tolist()


@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_noise_is_drawn_again_and_gradients_are_remembered(modified: Experiment, kind: str) -> None:
    whole = finish(started(changed(modified, f"optimizer.kind={kind}")))
    assert_same_numbers(replayed(changed(modified, f"optimizer.kind={kind}"), whole, 60), whole.trainer)


def test_what_was_done_at_a_step_has_been_done_once_it_is_yielded(eventful: Experiment) -> None:
    whole, trainer = finish(started(eventful)), started(eventful)
    sizes = {step: len(trainer.dataset.train) for step in train_again(trainer, whole.records, 60)}
    assert [sizes[step] for step in (12, 13, 29, 30)] == [73, 36, 36, 60]


def test_what_was_not_journalled_is_not_done(eventful: Experiment) -> None:
    without = Outcome(started(eventful), [one for one in finish(started(eventful)).records if not isinstance(one, Acted)])
    expected = trained_to(changed(eventful, "interventions=[]"), 60)
    assert_same_numbers(replayed(eventful, without, 60), expected.trainer)


def test_milestones_are_not_acted_on_where_other_steps_were_measured(grokking: Experiment) -> None:
    waiting = changed(grokking, 'interventions=[{ when = "memorized", swap = { seed = 5 } }]')
    whole = finish(started(changed(waiting, "training.evaluate_every=7")))
    assert_same_numbers(replayed(waiting, whole, 100), whole.trainer)


def test_what_was_skipped_does_not_come_back(tiny: Experiment) -> None:
    waiting = changed(tiny, "interventions=[{ when = 'memorized', swap = { train_fraction = 0.98 } }]")
    trainer = started(waiting)
    outcome = Outcome(trainer, trainer.begin() + trainer.act(Swap(train_fraction=0.2)))
    while not outcome.every(Skipped):
        outcome.records.extend(trainer.advance())
    again = replayed(waiting, outcome, trainer.step)
    assert_same_numbers(again, trainer)
    later = Outcome(again, again.act(Swap(seed=5)) + finish(again).records)
    assert [record.intervention for record in later.every(Acted)] == [None]
    assert later.every(Skipped) == []


def test_a_replayed_run_goes_on_as_if_it_had_never_been_left(eventful: Experiment) -> None:
    whole = finish(started(eventful))
    trainer = replayed(eventful, trained_to(eventful, 25), 25)
    rest = finish(trainer)
    assert rest.facts[1:] == [one for one in whole.facts if one.step > 25]
    assert_same_numbers(trainer, whole.trainer)


def test_nothing_is_measured(eventful: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = finish(started(eventful))
    assert whole.every(Evaluated)
    monkeypatch.setattr(SingleNetwork, "measure", lambda _: pytest.fail("it measures"))
    assert_same_numbers(replayed(eventful, whole, 60), whole.trainer)


def test_memory_that_runs_out_is_said_in_one_word(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def update(_fit: SingleNetwork) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(SingleNetwork, "update", update)
    with pytest.raises(OutOfMemoryError):
        list(train_again(started(tiny), [], 1))


def test_a_person_who_acts_twice_at_a_step_is_followed_in_order(tiny: Experiment) -> None:
    halted = trained_to(tiny, 10)
    for action in (Swap(train_fraction=0.3), Set(values={"optimizer.learning_rate": 0.1}), Swap(train_fraction=0.5, seed=2)):
        halted.records.extend(halted.trainer.act(action))
    whole = Outcome(halted.trainer, halted.records + finish(halted.trainer).records)
    assert_same_numbers(replayed(tiny, whole, 60), whole.trainer)
