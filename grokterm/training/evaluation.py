"""Loss and accuracy of the sides, measured without leaving the device."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.models.network import Network
from grokterm.training.batches import DeviceEquations
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team


class _Statistics(nn.Module):
    """The statistics of a network as a module's output, so that functional_call can exchange the weights."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> dict[str, Tensor]:
        return self.network.statistics(tokens)


@torch.no_grad()
def statistics_of(team: Team, weights: Weights, train: DeviceEquations) -> Weights:
    """Return the statistics of the training set that measuring needs beside the weights."""
    return statistics_under(team.network, weights, train.tokens) if team.network.normalizes_batches else {}


def statistics_under(network: Network, weights: Weights, tokens: Tensor) -> Weights:
    """Return the statistics of equations under these weights."""
    named = {f"network.{name}": value for name, value in weights.items()}
    statistics: Weights = functional_call(_Statistics(network), named, (tokens,))
    return statistics


def evaluate(team: Team, weights: Weights, loss: Loss, equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Return mean loss and share of right answers, as one tensor on the device."""

    @torch.no_grad()
    def score(network: Network, block: DeviceEquations) -> Float[Tensor, "2"]:
        scores = functional_call(network, weights, (block.tokens,))
        return losses_and_hits(loss(scores, block.answers).sum(), scores, block.answers)

    return mean_of(list(team.map(score, equations.blocks)), equations)


@torch.no_grad()
def losses_and_hits(losses: Float[Tensor, ""], scores: Tensor, answers: Tensor) -> Float[Tensor, "2"]:
    """Put the summed loss of a block beside the number of its right answers."""
    return torch.stack([losses.detach(), hits(scores, answers).sum()])


def hits(scores: Float[Tensor, "batch ... classes"], answers: Int[Tensor, "batch ..."]) -> Bool[Tensor, " batch"]:
    """Tell which rows are answered right, at every scored position."""
    right = scores.argmax(dim=-1) == answers
    return right.all(dim=1) if right.ndim > 1 else right


def mean_of(blocks: Sequence[Float[Tensor, "2"]], equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Divide what the blocks of these equations add up to by their number."""
    return torch.stack(list(blocks)).sum(dim=0) / len(equations)
