"""A network and the whole table."""

import numpy as np
import pytest
import torch

from grokterm.analysis.observation import Observation, Side
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.inspection.forward_pass import ForwardPass
from grokterm.tasks.operations import OPERATIONS
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish, started
from tests.training.test_sequences import LONG, NETWORKS

P = 11
EVERY_NETWORK = NETWORKS | {
    "mlp": (),
    "mlp of two layers": ("model.depth=2", "model.scaling=standard"),
    "mlp with tied operands": ("model.tied_operands=true",),
    "mlp with batch norm": ("model.normalization=batch", "model.scaling=standard"),
    "mlp in bfloat16": ("training.precision=bfloat16",),
    "transformer of two blocks": (*NETWORKS["transformer"], *LONG, "model.n_layers=2", "model.norm=post"),
}


def observer_of(trainer: Trainer, threads: int = 1) -> ForwardPass:
    return ForwardPass(trainer.trainable.network, threads)


def observed(trainer: Trainer, *, scores: bool = False, attention: bool = False) -> Observation:
    return observer_of(trainer).observe(trainer.snapshot(), scores=scores, attention=attention)


@pytest.fixture
def trained(tiny: Experiment) -> Trainer:
    return finish(started(tiny)).trainer


@pytest.mark.parametrize("network", EVERY_NETWORK)
def test_the_table_shows_the_accuracy_that_was_measured(tiny: Experiment, network: str) -> None:
    outcome = finish(started(changed(tiny, *EVERY_NETWORK[network], "training.steps=12", "task.label_noise=0.2")))
    seen, last = observed(outcome.trainer), outcome.every(Evaluated)[-1]
    assert seen.is_right[seen.sides == Side.TRAIN].mean() == pytest.approx(last.train_accuracy)
    assert seen.is_right[seen.sides == Side.VAL].mean() == pytest.approx(last.val_accuracy)


@pytest.mark.parametrize("network", EVERY_NETWORK)
def test_every_place_of_every_network_can_be_observed(tiny: Experiment, network: str) -> None:
    trainer = started(changed(tiny, *EVERY_NETWORK[network]))
    forward_pass = observer_of(trainer)
    assert forward_pass.neurons
    seen = forward_pass.observe(trainer.snapshot(), neurons=dict.fromkeys(forward_pass.neurons, slice(1, 4)), attention=True)
    assert {label: values.shape for label, values in seen.neurons.items()} == dict.fromkeys(forward_pass.neurons, (P * P, 3))
    assert list(seen.attention) == list(forward_pass.attention)


def test_the_sums_of_a_hidden_layer_are_those_of_its_weights(trained: Trainer) -> None:
    snapshot = trained.snapshot()
    before, after = observer_of(trained).neurons
    seen = observer_of(trained).observe(snapshot, neurons={before: slice(None), after: slice(5)})
    sums = (snapshot.parameters["left"][:, None] + snapshot.parameters["right"][None, :]).reshape(P * P, -1)
    np.testing.assert_allclose(seen.neurons[before], sums, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(seen.neurons[after], sums[:, :5] ** 2, rtol=1e-5, atol=1e-6)


def test_scores_are_kept_where_they_are_asked_for(trained: Trainer) -> None:
    seen = observed(trained, scores=True)
    assert seen.scores is not None
    assert (seen.scores.argmax(axis=1) == seen.predicted).all()
    assert (seen.scores[np.arange(P * P), seen.answers] == seen.right_scores).all()
    assert observed(trained).scores is None


def test_attention_is_a_share_of_the_tokens_that_are_shown(tiny: Experiment) -> None:
    trainer = started(changed(tiny, *EVERY_NETWORK["transformer of two blocks"], "model.n_heads=2"))
    for pattern in observed(trainer, attention=True).attention.values():
        assert pattern.shape == (P * P, 2, 6)  # <eos> a op b = and the answer itself, of which the place of `=` answers
        assert pattern.sum(axis=2) == pytest.approx(1.0)
        assert (pattern[:, :, 5] == 0).all()
        assert (pattern[:, :, :5] > 0).all()


def test_after_a_swap_some_equations_are_on_neither_side(tiny: Experiment) -> None:
    trainer = finish(started(changed(tiny, "interventions=[{at_step=5, swap={train_fraction=0.2}}]"))).trainer
    sides = observed(trainer).sides
    assert {int(side): int((sides == side).sum()) for side in Side} == {
        Side.TRAIN: len(trainer.dataset.train),
        Side.VAL: len(trainer.dataset.val),
        Side.SEEN: 0,
        Side.NEITHER: P * P - len(trainer.dataset.train) - len(trainer.dataset.val),
    }
    assert (sides == Side.NEITHER).sum() > 0


def test_after_a_new_split_what_was_trained_on_before_is_on_a_side_of_its_own(tiny: Experiment) -> None:
    outcome = finish(started(changed(tiny, "interventions=[{at_step=5, swap={seed=7}}]")))
    seen, last = observed(outcome.trainer), outcome.every(Evaluated)[-1]
    assert (seen.sides == Side.SEEN).sum() == len(outcome.trainer.dataset.seen) > 0
    assert seen.is_right[seen.sides == Side.SEEN].mean() == pytest.approx(last.seen_accuracy)
    assert seen.is_right[seen.sides == Side.VAL].mean() == pytest.approx(last.val_accuracy)


def test_pairs_without_an_answer_are_missing(tiny: Experiment) -> None:
    seen = observed(started(changed(tiny, "task.operation=divide")))
    table = seen.as_table(seen.answers, missing=-1)
    assert (table[:, 0] == -1).all()
    assert (table[:, 1:] >= 0).all()
    assert len(seen.answers) == P * (P - 1)


def test_training_answers_are_those_that_are_trained(tiny: Experiment) -> None:
    trainer = started(changed(tiny, "task.label_noise=0.5"))
    seen = observed(trainer)
    truth = OPERATIONS["add"].answers(seen.operands, P, 0)
    assert (seen.answers[seen.sides == Side.VAL] == truth[seen.sides == Side.VAL]).all()
    assert (seen.answers[seen.sides == Side.TRAIN] != truth[seen.sides == Side.TRAIN]).any()


def test_observing_leaves_the_network_as_it_was(trained: Trainer) -> None:
    before = {name: value.clone() for name, value in trained.trainable.network.named_parameters()}
    observed(trained, scores=True)
    torch.testing.assert_close(dict(trained.trainable.network.named_parameters()), before, rtol=0, atol=0)
    assert not any(point._forward_hooks for point in trained.trainable.network.hook_points.values())


def test_threads_leave_no_trace(trained: Trainer) -> None:
    one, many = (observer_of(trained, threads).observe(trained.snapshot(), scores=True) for threads in (1, 3))
    np.testing.assert_array_equal(one.scores, many.scores)
