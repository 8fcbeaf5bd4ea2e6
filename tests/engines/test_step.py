from dataclasses import replace

import pytest
import torch

from grokterm.engines import evaluation, step
from grokterm.engines.batches import DeviceEquations, to_device
from grokterm.engines.eager import AutogradGradient
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import ARCHITECTURES, build
from grokterm.models.network import Network
from grokterm.optim.flat import FlatParameters
from grokterm.optim.losses import LOSSES
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Rule, Weights
from grokterm.training.single import SingleNetwork
from tests.training.every_network import MODULUS, small
from tests.training.outcome import changed, started

TURN = StepRng(0, 0, torch.device("cpu"))
FOLLOWS_NOTHING = Rule(lambda weights: {}, lambda gradient, memory, weights, rng: (gradient, memory))
"""Hands back the gradient in place of weights."""


@pytest.fixture
def batch(tiny: Experiment) -> DeviceEquations:
    return to_device(tiny.task.dataset(0).train, build(tiny.model, tiny.task.modulus, 0), torch.device("cpu"))


def followed(
    network: Network,
    weights: Weights,
    batch: DeviceEquations,
    loss: str = "mse",
    *,
    frozen: Weights | None = None,
    rule: Rule = FOLLOWS_NOTHING,
    weight_noise: float = 0.0,
    rng: StepRng = TURN,
) -> Weights:
    """Make one step by autograd; by default it leads to the gradient."""
    flat = FlatParameters(weights, as_one=True)
    backend = AutogradGradient(ThreadPool(network), frozen or {}, LOSSES[loss])
    start = step.TrainState(flat.pack(weights), {})
    state, _ = step.GradientStep(backend, rule, flat, weight_noise)(start, batch, rng)
    return flat.unpack(state.weights)


def gradient(experiment: Experiment, batch: DeviceEquations, loss: str = "mse") -> Weights:
    network = build(experiment.model, experiment.task.modulus, 0)
    return followed(network, {name: value.detach() for name, value in network.named_parameters()}, batch, loss)


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [*((name, ()) for name in ("mlp", "embedding_mlp", "lstm", "transformer")), ("transformer", ("model.n_layers=1",))],
)
@pytest.mark.parametrize("n_rows", [4, 34], ids=["few equations", "more equations than tokens"])
def test_blocks_and_threads_leave_the_gradient_as_it_is(architecture: str, settings: tuple[str, ...], n_rows: int) -> None:
    experiment = small(architecture, *settings)
    network = build(experiment.model, MODULUS, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    tokens, answers = network.encode(experiment.task.dataset(0).train[slice(n_rows)])
    (whole, numbers), *cut = (
        AutogradGradient(ThreadPool(network, threads), {}, LOSSES["cross_entropy"]).gradient(
            weights, DeviceEquations(tokens, answers, block_rows), TURN, measuring=True
        )
        for block_rows, threads in ((100, 1), (3, 2), (3, 3))
    )
    for slopes, others in cut:
        torch.testing.assert_close(slopes, whole, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(others, numbers)
    torch.testing.assert_close(*(slopes for slopes, _ in cut), rtol=0, atol=0)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_gradient_is_that_of_the_mean_loss_of_the_batch(tiny: Experiment, batch: DeviceEquations, loss: str) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    LOSSES[loss](network(batch.tokens), batch.answers).mean().backward()  # type: ignore[no-untyped-call]
    expected = {name: value.grad for name, value in network.named_parameters()}
    torch.testing.assert_close(gradient(tiny, batch, loss), expected)


@pytest.mark.parametrize("rows", [1, 7, 72, 73, 1000])
def test_the_gradient_does_not_depend_on_how_a_batch_is_cut(tiny: Experiment, batch: DeviceEquations, rows: int) -> None:
    whole = gradient(tiny, batch)
    batch = replace(batch, block_rows=rows)
    torch.testing.assert_close(gradient(tiny, batch), whole)


@pytest.mark.parametrize("rows", [1, 7, 73])
def test_an_evaluation_does_not_depend_on_how_a_side_is_cut(tiny: Experiment, batch: DeviceEquations, rows: int) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    whole = evaluation.evaluate(ThreadPool(network), weights, LOSSES["mse"], batch)
    batch = replace(batch, block_rows=rows)
    torch.testing.assert_close(evaluation.evaluate(ThreadPool(network), weights, LOSSES["mse"], batch), whole)


def test_an_evaluation_is_the_mean_loss_and_the_share_of_right_answers(tiny: Experiment, batch: DeviceEquations) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    loss, accuracy = evaluation.evaluate(ThreadPool(network), weights, LOSSES["mse"], batch).tolist()
    scores = network(batch.tokens).detach()
    right = [int(row.argmax()) == int(answer) for row, answer in zip(scores, batch.answers, strict=True)]
    assert loss == pytest.approx(float(LOSSES["mse"](scores, batch.answers).mean()))
    assert accuracy == pytest.approx(sum(right) / len(right))


@pytest.mark.parametrize("frozen", ["left", "readout"])
def test_what_is_frozen_has_no_gradient_and_leaves_the_others_as_they_are(
    tiny: Experiment, batch: DeviceEquations, frozen: str
) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    kept = {frozen: weights.pop(frozen)}
    slopes = followed(network, weights, batch, frozen=kept)
    whole = gradient(tiny, batch)
    assert slopes.keys() == whole.keys() - {frozen}
    torch.testing.assert_close(slopes, {name: whole[name] for name in slopes})


def test_with_weight_noise_the_gradient_is_that_of_weights_which_are_off_by_it(
    tiny: Experiment, batch: DeviceEquations
) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    rng = StepRng(3, 17, torch.device("cpu"))
    off = with_noise(weights, 0.1, rng.generator("weight noise"))
    expected = followed(network, off, batch)
    for rows in (1000, 7):  # one noise, however the batch is cut
        cut = replace(batch, block_rows=rows)
        torch.testing.assert_close(followed(network, weights, cut, weight_noise=0.1, rng=rng), expected)
    spread = torch.cat([(off[name] - weights[name]).flatten() for name in weights])
    assert float(spread.std()) == pytest.approx(0.1, rel=0.1)


def test_weight_noise_is_applied_to_the_clean_weights(tiny: Experiment, batch: DeviceEquations) -> None:
    network = build(tiny.model, tiny.task.modulus, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    stay = Rule(lambda weights: {}, lambda gradient, memory, weights, rng: (weights, memory))
    kept = followed(network, weights, batch, rule=stay, weight_noise=0.1)
    torch.testing.assert_close(kept, weights, rtol=0, atol=0)


@pytest.mark.parametrize("architecture", [name for name in ARCHITECTURES if name not in ("mixture", "kernel")])
def test_every_network_has_the_gradient_of_its_whole_batch_however_it_is_cut(architecture: str) -> None:
    experiment = Experiment.from_settings({"task": {"modulus": 7}, "model": {"architecture": architecture}})
    network = build(experiment.model, 7, 0)
    weights = {name: value.detach() for name, value in network.named_parameters()}
    equations = to_device(experiment.task.dataset(0).train, network, torch.device("cpu"))
    whole, cut = (followed(network, weights, replace(equations, block_rows=rows), "cross_entropy") for rows in (1000, 5))
    torch.testing.assert_close(cut, whole, rtol=1e-4, atol=1e-6)
    assert len({slope.data_ptr() for slope in whole.values()}) == len(whole), "two weights share a gradient"


def test_a_state_that_a_step_has_taken_cannot_be_read_and_its_copy_can() -> None:
    state = step.TrainState({"w": torch.ones(2)}, {"count": torch.zeros(())})
    kept = state.copy()
    weights, _ = state.take()
    weights["w"].zero_()
    with pytest.raises(RuntimeError, match="a step has taken this state"):
        state.weights  # noqa: B018 - reading it is what fails
    with pytest.raises(RuntimeError, match="a step has taken this state"):
        state.copy()
    assert kept.weights["w"].tolist() == [1, 1]


@pytest.mark.parametrize("engine", ["fused", "eager"])
def test_a_training_holds_no_state_that_a_step_has_taken(tiny: Experiment, engine: str) -> None:
    trainable = started(changed(tiny, f"training.engine={engine}")).trainable
    assert isinstance(trainable, SingleNetwork)
    before = trainable.measure().state
    trainable.update()
    assert any((before.weights[name] != value).any() for name, value in single_state(trainable).weights.items())


def single_state(trainable: object) -> step.TrainState:
    """Return the state of a single network."""
    assert isinstance(trainable, SingleNetwork)
    return trainable.state
