"""Three operands, by every network that reads them and every engine."""

import itertools

import numpy as np
import pytest
import torch

from grokterm.analysis.observation import Side
from grokterm.engines.table import choose_engine
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Started
from grokterm.models.sequences import rewritten
from grokterm.training.ensemble.naming import prefix_of
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.training.every_network import small
from tests.training.outcome import assert_same_numbers, changed, finish, started

THREE = ["task.n_operands=3", "task.modulus=5", "task.train_fraction=0.6"]
EVENTS = """interventions=[
    { at_step = 7, swap = { train_fraction = 0.3 } },
    { at_step = 13, swap = { operation = "multiply" } },
    { at_step = 20, swap = { seed = 3, train_fraction = 0.5 } },
]"""
readers = pytest.mark.parametrize("architecture", ["mlp", "embedding_mlp", "lstm", "transformer"])


@readers
def test_a_network_tells_all_three_operands_apart_and_learns_from_each(architecture: str) -> None:
    experiment = small(architecture, *THREE)
    trainer = started(experiment)
    network, table = trainer.trainable.network, trainer.dataset.table
    tokens, answers = network.encode(table)
    assert len(tokens) == 125
    scores = network(tokens)
    assert scores.shape[0] == 125
    assert answers.tolist() == [sum(abc) % 5 for abc in itertools.product(range(5), repeat=3)]
    for place in range(3):
        moved = scores.view(5, 5, 5, -1).roll(-1, dims=place).reshape_as(scores)
        assert not torch.allclose(moved, scores)
    outcome = finish(trainer)
    assert outcome.every(Started)[0].n_train == 75
    assert outcome.every(Evaluated)[-1].train_loss < outcome.every(Evaluated)[0].train_loss


@pytest.mark.parametrize("architecture", ["mlp", "transformer"])
def test_an_ensemble_over_triples_is_its_solo_runs(architecture: str) -> None:
    experiment = small(architecture, *THREE, "training.members=2", "training.steps=6")
    together = VmappedEnsemble(experiment, torch.device("cpu"))
    while together.step < 6:
        together.update()
    alone = finish(started(changed(experiment, "training.members=1", "seed=1"))).trainer
    for name, value in alone.tensors().items():
        torch.testing.assert_close(together.tensors()[f"{prefix_of(1)}{name}"], value, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("architecture", ["embedding_mlp", "lstm"])
def test_a_run_over_triples_is_restored_bit_for_bit(architecture: str) -> None:
    experiment = small(architecture, *THREE, EVENTS, "optimizer.batch_size=20")
    whole = finish(started(experiment))
    first = started(experiment)
    records = first.begin()
    while first.step < 17:
        records += first.advance(17 - first.step)
    resumed = started(experiment)
    resumed.restore(17, 0.0, {name: value.clone() for name, value in first.tensors().items()}, records)
    rest = finish(resumed)
    assert_same_numbers(whole.trainer, rest.trainer)
    assert np.array_equal(whole.trainer.dataset.train.operands, rest.trainer.dataset.train.operands)


def test_the_first_layer_of_an_mlp_is_the_sum_of_three_lookups() -> None:
    network = started(small("mlp", *THREE, "model.depth=1")).trainable.network
    tokens = torch.tensor([[1, 2, 4], [0, 0, 3]])
    weights = dict(network.named_parameters())
    one_hot = torch.nn.functional.one_hot(tokens, 5).float().flatten(1)
    first = torch.cat([weights[name] for name in ("left", "right", "third")])
    torch.testing.assert_close(network(tokens), (one_hot @ first).square() @ weights["readout"])


def test_an_equation_of_three_operands_is_written_like_one_of_two() -> None:
    assert rewritten("a b =", 3) == "a b c ="
    assert rewritten("<eos> a op b = c", 3) == "<eos> a op b op c = d"
    assert rewritten("<eos> a op b = c", 2) == "<eos> a op b = c"


def test_the_fused_engine_leaves_triples_to_autograd(tiny: Experiment) -> None:
    three = changed(tiny, *THREE)
    assert choose_engine(three, torch.device("cpu")) == "eager"
    with pytest.raises(ConfigError, match=r"reads two operands, and task\.n_operands is 3"):
        choose_engine(changed(three, "training.engine=fused"), torch.device("cpu"))


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["task.operation=divide"], "operation divide takes two operands, not three"),
        (["task.modulus=257"], "modulus must be at most 256 for three operands, not 257"),
        (["model.architecture=kernel", "optimizer.kind=agop"], "model.architecture kernel reads two operands"),
        (["model.architecture=mixture"], "model.architecture mixture reads two operands"),
        (["model.initialization=analytic"], "model.initialization analytic solves sums of two operands"),
    ],
)
def test_what_takes_two_operands_refuses_three(tiny: Experiment, assignments: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        changed(tiny, *THREE, *assignments)


def test_a_network_over_a_sampled_cube_is_examined_over_a_plane(tiny: Experiment) -> None:
    sampled = changed(tiny, "task.n_operands=3", "task.modulus=67", "task.train_fraction=0.1", "training.steps=0")
    analysis = finish(started(sampled)).trainer.analyze()
    assert len(analysis.observation.answers) == 2**18
    assert analysis.plane.operands.tolist() == [[a, b, 0] for a in range(67) for b in range(67)]
    assert set(np.unique(analysis.plane.sides)) == {Side.NEITHER, Side.TRAIN, Side.VAL}
    assert analysis.cells.shape == (67, 67)
    window = analysis.maps(analysis.forward_pass.neurons[0], [3, 5], (range(2, 4), range(10, 15)))
    whole = analysis.maps(analysis.forward_pass.neurons[0], [3, 5])
    assert np.array_equal(window, whole[:, 2:4, 10:15])
    assert not np.isnan(whole).any()
    assert analysis.inspected().ipr is not None
    assert analysis.inspected().exact_fit is None
