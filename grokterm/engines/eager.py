"""The gradient of any network, by automatic differentiation."""

from typing import ClassVar

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.binding import bind
from grokterm.engines.evaluation import evaluate, losses_and_hits, mean_of
from grokterm.engines.thread_pool import ThreadPool
from grokterm.models.network import Network
from grokterm.optim.losses import LossFunction
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights


class AutogradGradient:
    """Differentiates a network block of rows by block of rows."""

    block_rows: ClassVar[None] = None

    def __init__(self, pool: ThreadPool, frozen: Weights, loss: LossFunction) -> None:
        self._pool, self._frozen, self._loss = pool, frozen, loss
        self._weights: Weights = {}
        self._leaves: Weights = {}

    def gradient(
        self, weights: Weights, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        network = self._pool.network
        blocks = [batch] if network.normalizes_batches else batch.blocks
        leaves = self._leaves_of(weights)
        shared = SharedTokenFeatures(network, {**self._frozen, **leaves}, len(batch)) if len(blocks) > 1 else None
        by = [*leaves.values(), *(shared.leaves if shared else ())]

        def differentiate(
            network: Network, numbered: tuple[int, DeviceEquations]
        ) -> tuple[tuple[Tensor | None, ...], Tensor | None]:
            number, block = numbered
            bind(network, self._frozen)  # each thread has a copy of the network
            bind(network, leaves)
            generator = rng.generator("dropout", number) if network.trains_differently else None
            scores = network(block.tokens, generator, shared.values if shared else None)
            losses = self._loss(scores, block.answers).sum()
            grads = torch.autograd.grad([losses / len(batch)], by, allow_unused=shared is not None)
            return grads, losses_and_hits(losses, scores, block.answers) if measuring else None

        total: list[Tensor | None] = [None] * len(by)
        numbers: list[Tensor] = []
        for grads, of_block in self._pool.map(differentiate, enumerate(blocks)):
            _add(total, grads)
            numbers += [] if of_block is None else [of_block]
        if shared:
            _add(total, shared.backward(total[len(leaves) :], list(leaves.values())))
        grads_by_name = {name: grad for name, grad in zip(leaves, total, strict=False) if grad is not None}
        return grads_by_name, mean_of(numbers, batch) if measuring else None

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return evaluate(self._pool, values, self._loss, equations)

    def _leaves_of(self, weights: Weights) -> Weights:
        """Return the same values as leaves of the graph; those of weights that are updated in place are made once."""
        # A step updates the weights in place, but only after the backward pass, so the leaves stay valid.
        if weights is not self._weights:
            self._weights = weights
            self._leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        return self._leaves


class SharedTokenFeatures:
    """The token features under some weights, computed once for all blocks of a batch, and the way back through them."""

    def __init__(self, network: Network, weights: Weights, n_equations: int) -> None:
        bind(network, weights)
        self._computed = dict(network.token_features(n_equations))
        self.values = {name: value.detach().requires_grad_() for name, value in self._computed.items()}
        self.leaves = list(self.values.values())
        """By these a block differentiates, as by weights."""

    def backward(self, grads: list[Tensor | None], weights: list[Tensor]) -> tuple[Tensor | None, ...]:
        """Return what the gradients by the token features add to those by the weights."""
        if not self._computed:
            return ()
        return torch.autograd.grad(list(self._computed.values()), weights, grads, allow_unused=True)


def _add(total: list[Tensor | None], grads: tuple[Tensor | None, ...]) -> None:
    """Add gradients in place, each in memory of its own.

    Autograd hands back one tensor for two weights that are only ever added to each other.
    """
    taken = {grad.data_ptr() for grad in total if grad is not None}
    for number, grad in enumerate(grads):
        if grad is None:  # not used by this block
            continue
        if (sum_so_far := total[number]) is not None:
            sum_so_far.add_(grad)
            continue
        total[number] = grad.clone() if grad.data_ptr() in taken else grad
        taken.add(grad.data_ptr())
