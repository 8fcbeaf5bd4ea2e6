import math

import pytest
import torch

from grokterm.engines.batches import to_device
from grokterm.engines.evaluation import evaluate
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Finished, Started
from grokterm.optim.losses import LOSSES
from grokterm.training.trainer import Trainer
from tests.training.outcome import assert_same_numbers, changed, finish, halts, started


def test_the_same_seed_gives_the_same_run_bit_for_bit(eventful: Experiment) -> None:
    first, second = finish(started(eventful)), finish(started(eventful))
    assert first.facts == second.facts
    assert_same_numbers(first.trainer, second.trainer)


def test_another_seed_gives_another_run(tiny: Experiment) -> None:
    first, second = (finish(started(changed(tiny, f"seed={seed}"))) for seed in (0, 1))
    assert not torch.equal(first.trainer.trainable.weights["left"], second.trainer.trainable.weights["left"])


def test_a_run_says_what_it_starts_with_and_how_it_ends(tiny: Experiment) -> None:
    outcome = finish(started(tiny))
    begin, end = outcome.facts[0], outcome.facts[-1]
    assert isinstance(begin, Started)
    assert (begin.step, begin.device, begin.threads) == (0, "cpu", 1)
    assert (begin.n_parameters, begin.n_train, begin.n_val) == (3 * 11 * 32, 73, 48)
    assert end == Finished(step=60, reason="complete", seconds=0.0)
    assert outcome.trainer.seconds == outcome.every(Finished)[0].seconds > 0


@pytest.mark.parametrize("settings", [("training.engine=eager",), ("training.engine=fused",), ('model.frozen=["first"]',)])
def test_every_evaluation_has_the_norm_of_all_parameters_before_its_update(tiny: Experiment, settings: tuple[str, ...]) -> None:
    experiment = changed(tiny, "training.evaluate_every=1", "training.steps=5", *settings)
    measured = {one.step: one.parameter_norm for one in finish(started(experiment)).every(Evaluated)}
    for outcome in halts(experiment, range(6)):
        weights = outcome.trainer.tensors()
        every = torch.cat([value.flatten() for name, value in weights.items() if name.startswith("weights.")])
        assert measured[outcome.trainer.step] == pytest.approx(every.double().norm().item(), rel=1e-6)


def test_iterating_a_run_is_advancing_it_to_its_end(tiny: Experiment) -> None:
    trainer = started(tiny)
    records = [record for record in trainer.run() if isinstance(record, Evaluated)]
    assert records == finish(started(tiny)).every(Evaluated)


@pytest.mark.parametrize(
    ("steps", "every", "evaluated_at"),
    [
        (60, 20, [0, 20, 40, 60]),
        (50, 20, [0, 20, 40, 50]),
        (3, 1, [0, 1, 2, 3]),
        (5, 1000, [0, 5]),
        (1, 1, [0, 1]),
        (0, 10, [0]),
        (105, "log", [*range(101), 102, 104, 105]),
        (0, "log", [0]),
    ],
)
def test_the_first_and_the_last_step_are_evaluated(
    tiny: Experiment, steps: int, every: int | str, evaluated_at: list[int]
) -> None:
    outcome = finish(started(changed(tiny, f"training.steps={steps}", f"training.evaluate_every={every}")))
    assert outcome.evaluated_at == evaluated_at


def test_without_steps_the_network_stays_as_it_was_drawn(tiny: Experiment) -> None:
    outcome = finish(started(changed(tiny, "training.steps=0")))
    assert outcome.facts[-1] == Finished(step=0, reason="complete", seconds=0.0)
    assert_same_numbers(outcome.trainer, started(tiny))


EXACT = ("model.initialization=analytic", "model.width=200")


@pytest.mark.parametrize(
    "task",
    [
        ["task.operation=subtract"],
        ["task.operation=divide", "model.dropout=0.5"],
        ["task.operation=expression", "task.expression=a^3 + 2*b"],
    ],
)
def test_a_run_from_exact_weights_begins_where_others_end(tiny: Experiment, task: list[str]) -> None:
    exact = changed(tiny, *EXACT, *task)
    first = finish(started(changed(exact, "training.steps=0"))).every(Evaluated)[0]
    assert (first.train_accuracy, first.val_accuracy) == (1, 1)
    assert not torch.equal(finish(started(exact)).trainer.trainable.weights["left"], started(exact).trainable.weights["left"])


def test_a_swap_of_the_operation_leaves_exact_weights_as_they_are(tiny: Experiment) -> None:
    exact = changed(tiny, *EXACT, "training.steps=1", "optimizer.learning_rate=0.0")
    outcome = finish(started(changed(exact, 'interventions=[{at_step = 0, swap = {operation = "cubic"}}]')))
    assert torch.equal(outcome.trainer.trainable.weights["readout"], started(exact).trainable.weights["readout"])
    assert outcome.every(Evaluated)[-1].rows[0]["val_accuracy"] < 0.3


def test_how_often_a_run_is_measured_does_not_change_its_weights(tiny: Experiment) -> None:
    often, seldom, early = (finish(started(changed(tiny, f"training.evaluate_every={every}"))) for every in (1, 60, "log"))
    assert_same_numbers(often.trainer, seldom.trainer)
    assert often.every(Evaluated)[-1] == seldom.every(Evaluated)[-1]
    assert often.facts == early.facts  # all of its few steps are early ones


def test_an_evaluation_measures_the_weights_of_its_step(tiny: Experiment) -> None:
    outcome = finish(started(tiny))
    trainer, last = outcome.trainer, outcome.every(Evaluated)[-1]
    for side, loss, accuracy in (
        (trainer.dataset.train, last.train_loss, last.train_accuracy),
        (trainer.dataset.val, last.val_loss, last.val_accuracy),
    ):
        measured = evaluate(
            ThreadPool(trainer.trainable.network),
            trainer.trainable.weights,
            LOSSES["mse"],
            to_device(side, trainer.trainable.network, torch.device("cpu")),
        )
        assert measured.tolist() == pytest.approx([loss, accuracy], rel=1e-6)


@pytest.mark.parametrize(("frozen", "moving"), [("first", {"readout"}), ("readout", {"left", "right"})])
def test_frozen_layers_do_not_move(tiny: Experiment, frozen: str, moving: set[str]) -> None:
    frozen_experiment = changed(tiny, f'model.frozen=["{frozen}"]')
    before, after = started(frozen_experiment).tensors(), finish(started(frozen_experiment)).trainer.tensors()
    weights = {name for name in before if name.startswith("weights.")}
    assert len(weights) == 3
    assert {name for name in weights if not torch.equal(before[name], after[name])} == {f"weights.{name}" for name in moving}
    assert not any(
        name.endswith(("left", "right")) == (frozen == "first")
        for name in before.keys() - weights - {"memory.count", "memory.initial_norm"}
    )


def test_frozen_layers_have_no_noise_no_decay_and_no_norm_to_hold(tiny: Experiment, modifiers: list[str]) -> None:
    groups = "optimizer.groups={ readout = { weight_decay = 0.3 } }"
    experiment = changed(tiny, *modifiers, groups, 'model.frozen=["first"]')
    trainer = started(experiment)
    before = trainer.tensors()
    after = finish(trainer).trainer.tensors()
    assert all(torch.equal(before[f"weights.{name}"], after[f"weights.{name}"]) for name in ("left", "right"))
    readout = "weights.readout"
    assert float(after[readout].norm() / before[readout].norm()) == pytest.approx(0.9)


def test_training_accuracy_is_held_against_the_noisy_answers_and_validation_against_the_clean(tiny: Experiment) -> None:
    noisy = changed(tiny, "task.label_noise=1.0", "model.width=200", "optimizer.weight_decay=0.0", "training.steps=400")
    outcome = finish(started(noisy))
    last = outcome.every(Evaluated)[-1]
    assert last.train_accuracy == 1.0
    assert last.rows[0]["val_accuracy"] < 0.4


def test_a_diverging_run_ends_where_it_was_seen_to_diverge(diverging: Experiment) -> None:
    outcome = finish(started(diverging))
    last = outcome.every(Evaluated)[-1]
    assert not math.isfinite(last.train_loss)
    assert all(math.isfinite(one.train_loss) for one in outcome.every(Evaluated)[:-1])
    assert outcome.reached_at("diverged") == last.step == outcome.trainer.step
    assert outcome.facts[-1] == Finished(step=last.step, reason="diverged", seconds=0.0)


def test_a_run_ends_once(tiny: Experiment) -> None:
    trainer = started(tiny)
    trainer.begin()
    assert [record.step for record in trainer.end("stopped")] == [0]
    assert trainer.end("complete") == []
    assert trainer.advance() == []
    assert trainer.ended == "stopped"


def test_a_snapshot_copies_every_layer_with_one_column_a_neuron(tiny: Experiment) -> None:
    trainer = started(changed(tiny, 'model.frozen=["first"]'))
    snapshot = trainer.snapshot()
    assert {name: layer.weights.shape for name, layer in snapshot.layers.items()} == {
        "left": (11, 32),
        "right": (11, 32),
        "readout": (11, 32),
    }
    before = snapshot.layers["readout"].weights.copy()
    finish(trainer)
    assert (snapshot.layers["readout"].weights == before).all()
    assert (trainer.snapshot().layers["readout"].weights == trainer.trainable.weights["readout"].T.numpy()).all()
    assert snapshot.step == 0


def test_threads_are_chosen_by_the_size_of_a_step_unless_they_are_given(tiny: Experiment) -> None:
    assert Trainer(tiny).trainable.threads == 1
    assert Trainer(tiny, threads=2).trainable.threads == 2
