"""The gradients of several networks in one pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.engines.device import exact_dtype
from grokterm.engines.evaluation import hits
from grokterm.models.network import Network
from grokterm.models.rng import MemberRngs
from grokterm.optim.losses import LossFunction
from grokterm.optim.rules import Weights, named
from grokterm.training.ensemble.equations import StackedEquations
from grokterm.training.ensemble.rng import StackedStepRng


@dataclass(frozen=True)
class StackedGradient:
    """Differentiates the networks of an ensemble, whose weights are stacked, as many at a time as memory is meant for.

    Only the way forward runs under vmap: the way back is then that of the batched products themselves, at half the calls from
    Python. Networks share nothing: one that diverged does not affect the others.
    """

    network: Network
    frozen: Weights
    loss: LossFunction

    def gradient(
        self, weights: Weights, batch: StackedEquations, rng: StackedStepRng, *, measuring: bool = False
    ) -> tuple[Weights, Float[Tensor, "members 2"] | None]:
        """Return the gradient of each mean loss and, if asked, what `measure` would say of this batch."""
        grads, seen = [], []
        for members, blocks in batch.blocks:
            values, leaves, own_rng = _of(members, self.frozen), _of(members, weights), rng.of(members)
            for leaf in leaves.values():
                leaf.requires_grad_()
            total: list[Tensor] = []
            numbers: list[Tensor] = []
            for number, block in enumerate(blocks):
                scores = self._scores_in_training(values | leaves, block, own_rng, number)
                losses = self._losses(scores, block)
                own = torch.autograd.grad((losses / block.counts).sum(), list(leaves.values()))
                total = [one + other for one, other in zip(total, own, strict=True)] if total else list(own)
                numbers += [_losses_and_hits(losses, scores, block)] if measuring else []
            grads.append(total)
            seen += [_means(numbers, blocks)] if measuring else []
        joined = [_joined(parts) for parts in zip(*grads, strict=True)]
        return dict(zip(weights, joined, strict=True)), _joined(seen) if measuring else None

    @torch.no_grad()
    def measure(self, values: Weights, equations: StackedEquations) -> Float[Tensor, "members 2"]:
        """Return mean loss and share of right answers of each network, on the device, under all values of the networks.

        NaN without equations.
        """
        if not len(equations):
            device = equations.counts.device
            return torch.full((len(equations.counts), 2), nan, dtype=exact_dtype(device), device=device)
        seen = []
        for members, blocks in equations.blocks:
            own, numbers = _of(members, values), []
            for block in blocks:
                scores = torch.vmap(self._scores)(own, block.tokens)
                numbers.append(_losses_and_hits(self._losses(scores, block), scores, block))
            seen.append(_means(numbers, blocks))
        return _joined(seen)

    def _scores_in_training(self, values: Weights, block: StackedEquations, rng: StackedStepRng, number: int) -> Tensor:
        if not self.network.trains_differently:
            return torch.vmap(self._scores)(values, block.tokens)
        return rng.each(
            lambda own, value, tokens: self._scores(value, tokens, own.generator("dropout", number)), values, block.tokens
        )

    def _scores(self, values: Weights, tokens: Tensor, rng: MemberRngs | None = None) -> Tensor:
        scores: Tensor = functional_call(self.network, values, (tokens, rng))
        return scores

    def _losses(self, scores: Tensor, block: StackedEquations) -> Float[Tensor, " members"]:
        """Sum the losses of each network."""
        losses = self.loss(scores.flatten(0, 1), block.answers.flatten(0, 1)).view(scores.shape[:2])
        return (losses if block.padding is None else losses.masked_fill(block.padding, 0)).sum(dim=1)


class _Statistics(nn.Module):
    """The statistics of a network as a module's output, so that functional_call can exchange its weights under vmap."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network

    def forward(self, tokens: Tensor) -> Weights:
        return self.network.statistics(tokens)


def statistics_under(network: Network, weights: Weights, tokens: Tensor) -> Weights:
    """Return the statistics of equations under these weights."""
    statistics: Weights = functional_call(_Statistics(network), named("network", weights), (tokens,))
    return statistics


def _of(members: slice, tensors: Weights) -> Weights:
    return {name: value.detach()[members] for name, value in tensors.items()}


def _joined(parts: Sequence[Tensor]) -> Tensor:
    """Concatenate groups of members; without a copy if there is one group."""
    return torch.cat(list(parts)) if len(parts) > 1 else parts[0]


def _losses_and_hits(losses: Tensor, scores: Tensor, block: StackedEquations) -> Float[Tensor, "members 2"]:
    right = hits(scores.flatten(0, 1), block.answers.flatten(0, 1)).view(scores.shape[:2])
    counted = right if block.padding is None else right & ~block.padding
    return torch.stack([losses.detach(), counted.sum(dim=1)], dim=1)


def _means(numbers: Sequence[Tensor], blocks: Sequence[StackedEquations]) -> Float[Tensor, "members 2"]:
    counts = blocks[0].counts.unsqueeze(1)
    return torch.stack(list(numbers)).sum(dim=0, dtype=exact_dtype(counts.device)) / counts
