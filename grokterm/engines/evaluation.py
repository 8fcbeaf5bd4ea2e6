"""LossFunction and accuracy of the sides, measured without leaving the device."""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.thread_pool import ThreadPool
from grokterm.models.network import Network
from grokterm.optim.losses import LossFunction
from grokterm.optim.rules import Weights, named


class _Method(nn.Module):
    """A method of a network as a module's output, so that functional_call can exchange the weights."""

    def __init__(self, network: Network, name: str) -> None:
        super().__init__()
        self.network, self.name = network, name

    def forward(self, given: object) -> Weights:
        found: Weights = getattr(self.network, self.name)(given)
        return found


@torch.no_grad()
def statistics_of(pool: ThreadPool, weights: Weights, train: DeviceEquations) -> Weights:
    """Return the statistics of the training set that measuring needs beside the weights."""
    return statistics_under(pool.network, weights, train.tokens) if pool.network.normalizes_batches else {}


def statistics_under(network: Network, weights: Weights, tokens: Tensor) -> Weights:
    """Return the statistics of equations under these weights."""
    statistics: Weights = functional_call(_Method(network, "statistics"), named("network", weights), (tokens,))
    return statistics


def token_features_under(network: Network, weights: Weights, n_equations: int) -> Weights:
    """Return what tokens stand for under these weights, for so many equations."""
    token_features: Weights = functional_call(_Method(network, "token_features"), named("network", weights), (n_equations,))
    return token_features


def evaluate(pool: ThreadPool, weights: Weights, loss: LossFunction, equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Return mean loss and share of right answers, as one tensor on the device."""
    with torch.no_grad():
        token_features = token_features_under(pool.network, weights, len(equations))

    @torch.no_grad()
    def score(network: Network, block: DeviceEquations) -> Float[Tensor, "2"]:
        scores = functional_call(network, weights, (block.tokens, None, token_features))
        return losses_and_hits(loss(scores, block.answers).sum(), scores, block.answers)

    return mean_of(list(pool.map(score, equations.blocks)), equations)


@torch.no_grad()
def losses_and_hits(losses: Float[Tensor, ""], scores: Tensor, answers: Tensor) -> Float[Tensor, "2"]:
    """Put the summed loss of a block beside the number of its right answers."""
    return torch.stack([losses.detach(), hits(scores, answers).sum()])


def hits(scores: Float[Tensor, "batch ... classes"], answers: Int[Tensor, "batch ..."]) -> Bool[Tensor, " batch"]:
    """Tell which rows are answered right, at every scored position."""
    right = scores.max(dim=-1).indices == answers  # of a CPU twice as fast as argmax
    return right.all(dim=1) if right.ndim > 1 else right


def mean_of(blocks: Sequence[Float[Tensor, "2"]], equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Divide what the blocks of these equations add up to by their number."""
    return torch.stack(list(blocks)).sum(dim=0) / len(equations)
