"""The gradient of any network, by automatic differentiation."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.func import functional_call

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import evaluate, losses_and_hits, mean_of, token_features_under
from grokterm.engines.thread_pool import ThreadPool
from grokterm.models.network import Network
from grokterm.optim.losses import LossFunction
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights, named


class SharedTokenFeatures:
    """What tokens stand for under some weights, worked out once for all blocks of a batch, and the way back through it."""

    def __init__(self, network: Network, weights: Weights, frozen: Weights, n_equations: int) -> None:
        self._leaves = _leaves(weights)
        self._recorded = token_features_under(network, {**frozen, **self._leaves}, n_equations)
        self.values = {name: word.detach() for name, word in self._recorded.items()}
        """The token_features, with nothing recorded of where they come from."""

    def slopes(self, total: Weights) -> Weights:
        """Return what the slopes by the token features, which are among these, add to those by the weights."""
        made, by_word = list(self._recorded.values()), [total[f"token_features.{name}"] for name in self._recorded]
        return _slopes(made, self._leaves, by_word, allow_unused=True) if made else {}


@dataclass(frozen=True)
class AutogradGradient:
    """Differentiates a network block of rows by block of rows."""

    pool: ThreadPool
    frozen: Weights
    loss: LossFunction

    block_rows: ClassVar[None] = None

    def gradient(
        self, weights: Weights, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        network = self.pool.network
        blocks = [batch] if network.normalizes_batches else batch.blocks
        shared = SharedTokenFeatures(network, weights, self.frozen, len(batch)) if len(blocks) > 1 else None

        def work(network: Network, numbered: tuple[int, DeviceEquations]) -> tuple[Weights, Tensor | None]:
            """Return what a block adds to the gradients of weights and token_features and, if asked, its losses and hits."""
            number, block = numbered
            draw = rng.draw("dropout", number) if network.trains_differently else None
            leaves, token_features = _leaves(weights), None if shared is None else _leaves(shared.values)
            scores = functional_call(network, {**self.frozen, **leaves}, (block.tokens, draw, token_features))
            losses = self.loss(scores, block.answers).sum()
            slopes = _slopes(
                [losses / len(batch)],
                leaves | named("token_features", token_features or {}),
                allow_unused=token_features is not None,
            )
            return slopes, losses_and_hits(losses, scores, block.answers) if measuring else None

        total: Weights = {}
        seen: list[Tensor] = []
        for slopes, numbers in self.pool.map(work, enumerate(blocks)):
            _add(total, slopes)
            seen += [] if numbers is None else [numbers]
        if shared:
            _add(total, shared.slopes(total))
        return {name: total[name] for name in weights}, mean_of(seen, batch) if measuring else None

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return evaluate(self.pool, values, self.loss, equations)


def _leaves(weights: Weights) -> Weights:
    """Return the same values with nothing recorded of where they come from, to differentiate by."""
    return {name: weight.detach().requires_grad_() for name, weight in weights.items()}


def _slopes(made: list[Tensor], leaves: Weights, slopes: list[Tensor] | None = None, *, allow_unused: bool = False) -> Weights:
    """Go back from what was made, by whose slopes, to those of the leaves that it is made of."""
    found = torch.autograd.grad(made, list(leaves.values()), slopes, allow_unused=allow_unused)
    return {name: slope for name, slope in zip(leaves, found, strict=True) if slope is not None}


def _add(total: Weights, slopes: Weights) -> None:
    """Add slopes to those of the same name, each in memory of its own.

    AutogradGradient hands back one tensor for two weights that are only ever added to each other.
    """
    taken = {slope.data_ptr() for slope in total.values()}
    for name, slope in slopes.items():
        if name in total:
            total[name].add_(slope)
        else:
            total[name] = slope.clone() if slope.data_ptr() in taken else slope
            taken.add(slope.data_ptr())
