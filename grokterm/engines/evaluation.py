"""Loss and accuracy of every side, and the norm of the parameters, measured without leaving the device."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import nan

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.binding import bind
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.thread_pool import ThreadPool
from grokterm.models.network import Network
from grokterm.optim.losses import LossFunction
from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class Evaluator:
    """Measures a network under given parameters, on the training set and on what is held out."""

    backend: GradientBackend
    network: Network
    train: DeviceEquations
    held_out: Sequence[DeviceEquations]
    """Validation and, if there are any, those that were trained on before."""

    def __call__(self, parameters: Weights, averaged: Weights, *, held_out_only: bool = False) -> Float[Tensor, " numbers"]:
        """Return the numbers of an evaluation, in METRICS_IN_ORDER, as one tensor on the device.

        NaN for a side without equations. `averaged` are the parameters of averaged weights; empty without any.
        """
        values = parameters | self.statistics(parameters)
        train = [] if held_out_only else [self.backend.measure(values, self.train)]
        val, *seen = (self._measured(values, side) for side in self.held_out)
        average = []
        if averaged:
            seen = seen or [_nothing(self.train)]
            average = [self._measured(averaged | self.statistics(averaged), self.held_out[0])]
        return torch.cat([*train, val, parameter_norm(parameters.values()).view(1), *seen, *average])

    def _measured(self, values: Weights, side: DeviceEquations) -> Float[Tensor, "2"]:
        return self.backend.measure(values, side) if len(side) else _nothing(side)

    @torch.no_grad()
    def statistics(self, parameters: Weights) -> Weights:
        """Return the statistics of the training set that measuring needs beside the parameters."""
        if not self.network.normalizes_batches:
            return {}
        bind(self.network, parameters)
        return self.network.statistics(self.train.tokens)


def _nothing(side: DeviceEquations) -> Float[Tensor, "2"]:
    """Return what measuring an empty side gives."""
    return torch.full((2,), nan, dtype=side.count.dtype, device=side.count.device)


@torch.no_grad()
def parameter_norm(parameters: Iterable[Tensor], *, stacked: bool = False) -> Float[Tensor, "*members"]:
    """Return the Euclidean norm of all parameters together, on the device; of stacked networks one for each."""
    first = 1 if stacked else 0
    vectors = [one.reshape(*one.shape[:first], -1) for one in parameters]
    norms = [torch.linalg.vector_norm(one, dim=-1, dtype=torch.promote_types(one.dtype, torch.float32)) for one in vectors]
    together: Tensor = torch.linalg.vector_norm(torch.stack(norms, dim=-1), dim=-1)
    return together


@torch.no_grad()
def evaluate(pool: ThreadPool, values: Weights, loss: LossFunction, equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
    bind(pool.network, values)
    token_features = pool.network.token_features(len(equations))

    @torch.no_grad()  # which holds for one thread
    def score(network: Network, block: DeviceEquations) -> Float[Tensor, "2"]:
        bind(network, values)
        scores = network(block.tokens, None, token_features)
        return losses_and_hits(loss(scores, block.answers).sum(), scores, block.answers)

    return mean_of(list(pool.map(score, equations.blocks)), equations)


@torch.no_grad()
def losses_and_hits(losses: Float[Tensor, ""], scores: Tensor, answers: Tensor) -> Float[Tensor, "2"]:
    """Put the summed loss of a block beside the number of its right answers, which float32 holds exactly below 2^24."""
    return torch.stack([losses.detach(), hits(scores, answers).sum()])


def hits(scores: Float[Tensor, "batch ... classes"], answers: Int[Tensor, "batch ..."]) -> Bool[Tensor, " batch"]:
    """Tell which rows are answered right, at every scored position."""
    right = scores.max(dim=-1).indices == answers  # on a CPU twice as fast as argmax
    return right.all(dim=1) if right.ndim > 1 else right


def mean_of(blocks: Sequence[Float[Tensor, "2"]], equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Divide the sums over the blocks of these equations by their number, in its precision."""
    return torch.stack(list(blocks)).sum(dim=0, dtype=equations.count.dtype) / equations.count
