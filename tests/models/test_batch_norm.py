from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.models.batch_norm import BatchNorm
from grokterm.models.mlp import HIDDEN, MLP, NORMS

P, N = 7, 24
TABLE = torch.cartesian_prod(torch.arange(P), torch.arange(P))
TRAIN, VAL = TABLE[::2], TABLE[1::2]

depths = pytest.mark.parametrize("depth", [1, 2, 4])


def normalizing(**settings: Any) -> MLP:  # noqa: ANN401 - whatever the settings take
    """Make a network in float64 whose gains and biases are not what they begin with."""
    network = MLP(MLPModel(width=N, normalization="batch", **settings), P, 0).double()
    draw = torch.Generator().manual_seed(0)
    for norm in norms(network):
        norm.gain.data += torch.rand(N, generator=draw, dtype=torch.float64)
        norm.bias.data += torch.rand(N, generator=draw, dtype=torch.float64)
    return network


def norms(network: MLP) -> list[BatchNorm]:
    return [module for module in network.children() if isinstance(module, BatchNorm)]


def draw() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def measured(network: MLP, tokens: Tensor) -> Tensor:
    with torch.no_grad():
        scores: Tensor = functional_call(network, network.statistics(TRAIN), (tokens,))
    return scores


class Reference(nn.Module):
    """The same network from torch's own parts, over one-hot operands."""

    def __init__(self, network: MLP) -> None:
        super().__init__()
        scales = {"first": network.first_scale, "hidden": network.hidden_scale, "readout": network.readout_scale}
        first = torch.cat([network.left, network.right])
        hidden = (("hidden", matrix) for matrix in network.hidden_weights)
        self.matrices = nn.ParameterList(
            nn.Parameter(scales[name] * matrix.detach())
            for name, matrix in (("first", first), *hidden, ("readout", network.readout))
        )
        self.norms = nn.ModuleList(nn.BatchNorm1d(N, momentum=1.0, dtype=torch.float64) for _ in norms(network))
        for ours, theirs in zip(norms(network), self.norms, strict=True):
            theirs.load_state_dict({"weight": ours.gain, "bias": ours.bias}, strict=False)

    def forward(self, tokens: Tensor) -> Tensor:
        active = functional.one_hot(tokens, P).flatten(1).double()
        *matrices, readout = self.matrices
        for matrix, norm in zip(matrices, self.norms, strict=True):
            active = norm(active @ matrix).square()
        scores: Tensor = active @ readout
        return scores


@depths
def test_training_normalizes_by_the_batch_as_torch_does(depth: int) -> None:
    network = normalizing(depth=depth)
    torch.testing.assert_close(network(TRAIN, draw()), Reference(network)(TRAIN))


@depths
def test_the_gradient_goes_through_the_statistics_of_the_batch(depth: int) -> None:
    network = normalizing(depth=depth)
    reference = Reference(network)
    ours = torch.autograd.grad(network(TRAIN, draw()).square().sum(), list(network.parameters()))
    slopes = dict(zip((name for name, _ in network.named_parameters()), ours, strict=True))
    reference(TRAIN).square().sum().backward()
    for theirs, norm in zip(reference.norms, NORMS, strict=False):
        torch.testing.assert_close(slopes[f"{norm}.gain"], theirs.weight.grad)
        torch.testing.assert_close(slopes[f"{norm}.bias"], theirs.bias.grad)
    first, *hidden, readout = (matrix.grad for matrix in reference.matrices)
    assert first is not None
    assert readout is not None
    for name, grad in zip(HIDDEN, hidden, strict=False):
        assert grad is not None
        torch.testing.assert_close(slopes[name], network.hidden_scale * grad)
    torch.testing.assert_close(torch.cat([slopes["left"], slopes["right"]]), network.first_scale * first)
    torch.testing.assert_close(slopes["readout"], network.readout_scale * readout)


def test_measuring_is_the_formula_with_mean_and_variance_of_the_training_set() -> None:
    network = normalizing(depth=3)

    def formula(sums: Tensor, of_train: Tensor, norm: BatchNorm) -> Tensor:
        mean = of_train.mean(dim=0)
        variance = (of_train - mean).square().mean(dim=0)
        return (norm.gain * (sums - mean) / (variance + 1e-5).sqrt() + norm.bias).square()

    first, *later = norms(network)
    sums = [network.first_scale * (network.left[rows[:, 0]] + network.right[rows[:, 1]]) for rows in (VAL, TRAIN)]
    active = [formula(each, sums[1], first) for each in sums]
    for norm, hidden in zip(later, network.hidden_weights, strict=True):
        sums = [each @ (network.hidden_scale * hidden) for each in active]
        active = [formula(each, sums[1], norm) for each in sums]
    expected = active[0] @ (network.readout_scale * network.readout)
    torch.testing.assert_close(measured(network, VAL), expected.detach())


@depths
def test_the_training_set_is_scored_alike_in_training_and_when_measuring(depth: int) -> None:
    network = normalizing(depth=depth)
    torch.testing.assert_close(measured(network, TRAIN), network(TRAIN, draw()).detach())


def test_measuring_scores_row_by_row() -> None:
    network = normalizing(depth=2)
    torch.testing.assert_close(measured(network, VAL), torch.cat([measured(network, row.unsqueeze(0)) for row in VAL]))


def test_the_statistics_do_not_see_dropout() -> None:
    plain, dropping = normalizing(depth=2).statistics(TRAIN), normalizing(depth=2, dropout=0.5).statistics(TRAIN)
    assert len(plain) == 4
    torch.testing.assert_close(dropping, plain, rtol=0, atol=0)


def test_a_batch_of_one_row_says_what_the_biases_say() -> None:
    network = normalizing()
    (norm,) = norms(network)
    expected = norm.bias.square() @ (network.readout_scale * network.readout)
    torch.testing.assert_close(network(TRAIN[:1], draw())[0], expected)


@depths
def test_normalization_adds_a_gain_of_one_and_a_bias_of_zero_to_the_weights_there_were(depth: int) -> None:
    plain, norm = (MLP(MLPModel(width=N, depth=depth, normalization=kind), P, 0) for kind in ("none", "batch"))
    extra = {name: value for name, value in norm.named_parameters() if name.partition(".")[0] in NORMS}
    rest = {name: value for name, value in norm.named_parameters() if name not in extra}
    torch.testing.assert_close(rest, dict(plain.named_parameters()), rtol=0, atol=0)
    assert len(extra) == 2 * depth
    assert all(bool((value == (1 if name.endswith("gain") else 0)).all()) for name, value in extra.items())
    assert norm.state_dict().keys() == plain.state_dict().keys() | extra.keys()


def test_without_normalization_training_is_what_measuring_is() -> None:
    network = MLP(MLPModel(width=N), P, 0)
    assert not network.trains_differently
    assert network.statistics(TRAIN) == {}
    assert torch.equal(network(TRAIN, draw()), network(TRAIN))


def test_a_frozen_layer_keeps_its_gain_and_its_bias() -> None:
    assert normalizing(depth=2, frozen=["hidden"]).frozen == {"hidden", "hidden_norm.gain", "hidden_norm.bias"}
    deep = normalizing(depth=4, frozen=["hidden"])
    assert set(dict(deep.named_parameters())) - deep.frozen == {
        "left",
        "right",
        "readout",
        "first_norm.gain",
        "first_norm.bias",
    }
