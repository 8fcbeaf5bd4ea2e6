import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Action, Save, Set, Stop, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Finished, Reached
from tests.training.outcome import assert_same_numbers, changed, finish, single_of, started, trained_to


def intervening(experiment: Experiment, *interventions: str) -> Experiment:
    return changed(experiment, f"interventions=[{', '.join(interventions)}]")


def test_every_intervention_happens_once_at_its_step(eventful: Experiment) -> None:
    acted = finish(started(eventful)).every(Acted)
    assert [(one.step, one.intervention) for one in acted] == [(7, 0), (13, 1), (17, 2), (22, 3), (30, 4), (41, 5)]
    assert [one.action for one in acted] == [intervention.action for intervention in eventful.interventions]


def test_interventions_of_one_step_happen_in_their_order(tiny: Experiment) -> None:
    experiment = intervening(
        tiny, "{ at_step = 10, save = true }", "{ at_step = 5, save = true }", "{ at_step = 10, stop = true }"
    )
    acted = finish(started(experiment)).every(Acted)
    assert [(one.step, one.intervention) for one in acted] == [(5, 1), (10, 0), (10, 2)]


@pytest.mark.parametrize("step", [0, 60])
def test_an_intervention_may_be_at_the_first_and_at_the_last_step(tiny: Experiment, step: int) -> None:
    outcome = finish(started(intervening(tiny, f"{{ at_step = {step}, save = true }}")))
    assert [one.step for one in outcome.every(Acted)] == [step]


def test_an_intervention_beyond_the_last_step_does_not_happen(tiny: Experiment) -> None:
    assert finish(started(intervening(tiny, "{ at_step = 61, save = true }"))).every(Acted) == []


def test_an_intervention_for_a_milestone_happens_at_the_evaluation_that_shows_it(grokking: Experiment) -> None:
    experiment = intervening(grokking, '{ when = "grokked", save = true }', '{ when = "memorized", save = true }')
    outcome = finish(started(experiment))
    assert [(one.step, one.intervention) for one in outcome.every(Acted)] == [
        (outcome.reached_at("memorized"), 1),
        (outcome.reached_at("grokked"), 0),
    ]


def test_a_milestone_that_comes_again_finds_its_intervention_spent(grokking: Experiment) -> None:
    outcome = finish(started(intervening(grokking, '{ when = "memorized", swap = { seed = 9 } }')))
    assert len([one for one in outcome.every(Reached) if one.milestone == "memorized"]) == 2
    assert len(outcome.every(Acted)) == 1


def test_milestones_of_one_evaluation_belong_to_the_segment_that_it_measured(grokking: Experiment) -> None:
    seldom = changed(grokking, "training.evaluate_every=100", "training.steps=200")
    outcome = finish(started(intervening(seldom, '{ when = "memorized", swap = { seed = 9 } }')))
    assert [str(getattr(one, "milestone", type(one).__name__)) for one in outcome.facts if one.step == 100] == [
        "Evaluated",
        "memorized",
        "grokked",
        "Acted",
        "Evaluated",
        "memorized",
        "grokked",
    ]


def test_the_sides_after_a_swap_are_measured_at_once(grokking: Experiment) -> None:
    last = 'interventions=[{at_step=100, swap={operation="divide"}}]'
    outcome = finish(started(changed(grokking, last)))
    before, after = (record for record in outcome.every(Evaluated) if record.step == 100)
    assert before.rows[0]["val_accuracy"] > 0.5 > after.rows[0]["val_accuracy"]
    assert after.val_accuracy == outcome.trainer.trainable.measure().numbers.tolist()[3]
    assert [record.step for record in outcome.every(Reached) if record.milestone == "ungrokked"] == [100]


def test_what_was_never_trained_on_stays_so_through_swaps_without_an_update(tiny: Experiment) -> None:
    twice = "interventions=[{at_step=20, swap={seed=7}}, {at_step=20, swap={seed=8}}]"
    once = "interventions=[{at_step=20, swap={seed=8}}]"
    for name, interventions in (("twice", twice), ("once", once)):
        dataset = finish(started(changed(tiny, "task.train_fraction=0.3", interventions))).trainer.dataset
        assert (len(dataset.train), len(dataset.val), len(dataset.seen)) == (36, 49, 0), name


def test_a_setting_holds_from_its_step_on(tiny: Experiment) -> None:
    still = intervening(tiny, '{ at_step = 20, set = { "optimizer.learning_rate" = 0.0 } }')
    assert_same_numbers(finish(started(changed(tiny, "training.steps=20"))).trainer, trained_to(still, 20).trainer)
    weights = trained_to(still, 20).trainer.trainable.weights
    assert all((value == weights[name]).all() for name, value in finish(started(still)).trainer.trainable.weights.items())


@pytest.mark.parametrize("milestone", ["memorized", "grokked"])
def test_a_run_can_stop_at_a_milestone(grokking: Experiment, milestone: str) -> None:
    whole = finish(started(grokking))
    outcome = finish(started(changed(grokking, f"training.stop_when={milestone}")))
    end = outcome.facts[-1]
    assert isinstance(end, Finished)
    assert end.reason == milestone
    assert end.step == outcome.every(Reached)[-1].step == outcome.evaluated_at[-1] < 100
    assert outcome.every(Evaluated) == whole.every(Evaluated)[: len(outcome.evaluated_at)]


def test_a_stop_ends_the_run_at_once_and_nothing_happens_after_it(tiny: Experiment) -> None:
    outcome = finish(started(intervening(tiny, "{ at_step = 60, stop = true }", "{ at_step = 60, swap = { seed = 1 } }")))
    assert [type(one.action) for one in outcome.every(Acted)] == [Stop]
    assert outcome.facts[-1] == Finished(step=60, reason="stopped", seconds=0.0)
    assert outcome.trainer.ended == "stopped"


@pytest.mark.parametrize("act", ["save = true", 'set = { "optimizer.learning_rate" = 1.0 }'])
def test_nothing_happens_to_a_run_that_has_diverged(diverging: Experiment, act: str) -> None:
    step = finish(started(diverging)).trainer.step
    last = changed(diverging, f"training.steps={step}")
    outcome = finish(started(intervening(last, f"{{ at_step = {step}, {act} }}")))
    assert outcome.facts[-1] == Finished(step=step, reason="diverged", seconds=0.0)
    assert outcome.every(Acted) == []


@pytest.mark.parametrize("action", [Save(), Swap(train_fraction=0.3), Set(values={"optimizer.weight_decay": 0.5})])
def test_what_a_person_does_is_reported_without_a_number(tiny: Experiment, action: Action) -> None:
    trainer = trained_to(tiny, 5).trainer
    acted, *_ = trainer.act(action)
    assert acted == Acted(step=5, action=action, n_train=len(trainer.dataset.train), n_val=48)


def test_a_person_who_does_what_a_preset_does_gets_the_same_run(tiny: Experiment) -> None:
    preset = finish(started(intervening(tiny, "{ at_step = 25, swap = { train_fraction = 0.3 } }"))).trainer
    by_hand = trained_to(tiny, 25).trainer
    by_hand.act(Swap(train_fraction=0.3))
    while by_hand.ended is None:
        by_hand.advance()
    assert_same_numbers(by_hand, preset)


def test_a_swap_keeps_the_network_and_what_the_optimizer_remembers(tiny: Experiment) -> None:
    trainer, before = trained_to(tiny, 25).trainer, trained_to(tiny, 25).trainer
    trainer.act(Swap(operation="subtract", seed=4))
    assert_same_numbers(trainer, before)
    assert trainer.dataset != before.dataset


@pytest.mark.parametrize(
    ("batch", "fraction", "size", "note"),
    [
        ("optimizer.batch_size=64", 0.3, 36, "batch size lowered from 64 to 36"),
        ("optimizer.batch_size=20", 0.3, 20, ""),
        ("optimizer.batch_size=full", 0.3, 36, ""),
        ("optimizer.batch_size=64", 0.9, 64, ""),
    ],
)
def test_a_batch_larger_than_the_new_training_set_is_lowered_with_a_note(
    tiny: Experiment, batch: str, fraction: float, size: int, note: str
) -> None:
    trainer = trained_to(changed(tiny, batch), 5).trainer
    acted, evaluated = trainer.act(Swap(train_fraction=fraction))
    assert isinstance(evaluated, Evaluated)
    assert isinstance(acted, Acted)
    assert acted.note == note
    assert len(single_of(trainer)._batches.at(5)) == size


def test_a_lowered_batch_grows_again_with_the_training_set(tiny: Experiment) -> None:
    trainer = trained_to(changed(tiny, "optimizer.batch_size=64"), 5).trainer
    trainer.act(Swap(train_fraction=0.3))
    trainer.act(Swap(train_fraction=0.6))
    assert len(single_of(trainer)._batches.at(5)) == 64


@pytest.mark.parametrize(
    "action",
    [Swap(train_fraction=0.999), Set(values={"optimizer.momentum": 0.5}), Set(values={"optimizer.learning_rate": -1.0})],
)
def test_an_action_that_cannot_be_done_changes_nothing(tiny: Experiment, action: Action) -> None:
    trainer = trained_to(tiny, 5).trainer
    with pytest.raises(ConfigError):
        trainer.act(action)
    while trainer.ended is None:
        trainer.advance()
    assert_same_numbers(trainer, finish(started(tiny)).trainer)
