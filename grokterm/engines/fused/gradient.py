"""The gradient of the network with one hidden layer: its blocks of equations are dealt out to threads."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.device import suited_threads
from grokterm.engines.evaluation import mean_of
from grokterm.engines.fused import dense
from grokterm.engines.fused.derivatives import LOSS_GRADIENTS
from grokterm.engines.fused.kernel import Accumulator, BlockBuffers, HiddenLayer, Matrices
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.models.network import FEWEST_ROWS
from grokterm.optim.flat import FlatDict
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights


def unsupported_reason(experiment: Experiment, device: torch.device) -> str:
    """Return why this engine cannot train an experiment; empty if it can."""
    model = experiment.model
    if not isinstance(model, MLPModel) or model.depth > 1 or model.normalization != "none" or model.dropout:
        return "needs an mlp with one hidden layer, without dropout or normalization"
    if experiment.task.n_operands > 2:
        return f"reads two operands, and task.n_operands is {experiment.task.n_operands}"
    if experiment.loss.kind not in LOSS_GRADIENTS:
        return f"needs loss.kind {' or '.join(LOSS_GRADIENTS)}, not {experiment.loss.kind}"
    if experiment.training.precision == "bfloat16":
        return "needs training.precision float32 or float64, not bfloat16"
    if device.type == "cuda":
        return dense.unsupported_reason(experiment, model, device)
    return "" if device.type == "cpu" else f"works on a cpu or a cuda device, not on {device.type}"


class Share(NamedTuple):
    """An accumulator and the blocks that it works on."""

    accumulator: Accumulator
    blocks: list[BlockBuffers]


class Dealt(NamedTuple):
    """Equations, cut into blocks that are dealt out to accumulators."""

    equations: DeviceEquations
    shares: list[Share]


class FusedGradient:
    """Differentiates a network with one hidden layer.

    The number of accumulators is a function of sizes alone: sums do not depend on how many threads work.
    """

    def __init__(self, experiment: Experiment, pool: ThreadPool, frozen: Weights) -> None:
        assert isinstance(pool.network, MLP)
        self._pool, self._frozen = pool, frozen
        self._layer = layer = HiddenLayer.of(experiment, pool.network)
        self.block_rows = max(FEWEST_ROWS, pool.network.cpu_block_rows // 2)  # activations and their gradient, side by side
        self._scales, self._rates = layer.scales(), layer.rates()
        self._scaled = layer.matrices(torch.empty(layer.n_weights, dtype=layer.dtype))
        self._accumulators = [Accumulator(layer, self.block_rows)]
        self._grads = self._trained(self._accumulators[0].grads)
        """The sum of all gradients by name, where the first accumulator has its own."""

        self._dealt: dict[int, Dealt] = {}
        """The last equations, by their identity."""

    @torch.no_grad()
    def gradient(
        self, weights: Weights, batch: DeviceEquations, _: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        shares, scaled = self._deal(batch), self._scale(weights)
        numbers = list(
            self._pool.map(lambda _, share: share.accumulator.accumulate(scaled, share.blocks, measuring=measuring), shares)
        )
        total = self._accumulators[0].grads.vector
        for share in shares[1:]:
            total.add_(share.accumulator.grads.vector)
        if self._layer.has_tied_operands:
            self._accumulators[0].grads.right.add_(self._accumulators[0].grads.left)
        total.mul_(self._rates).mul_(1 / len(batch))  # in this order: a resumed run has the same bits
        return self._grads, mean_of(_in_order(numbers), batch) if measuring else None

    @torch.no_grad()
    def measure(self, values: Weights, equations: DeviceEquations) -> Float[Tensor, "2"]:
        """Return mean loss and share of right answers, as one tensor, under all values of the network."""
        shares, scaled = self._deal(equations), self._scale(values)
        numbers = self._pool.map(lambda _, share: share.accumulator.score(scaled, share.blocks), shares)
        return mean_of(_in_order(list(numbers)), equations)

    def _scale(self, values: Weights) -> Matrices:
        """Multiply weights by the scales of their layers."""
        scaled = self._scaled
        if isinstance(values, FlatDict) and len(values.vector) == len(scaled.vector):
            torch.mul(values.vector, self._scales, out=scaled.vector)
        else:
            every = self._frozen | values
            for name, matrix in scaled.named(self._layer.operand_names):
                matrix.copy_(every[name])
            scaled.vector.mul_(self._scales)
        return scaled

    def _deal(self, equations: DeviceEquations) -> list[Share]:
        """Deal blocks out to accumulators, once for equations that come again."""
        known = self._dealt.get(id(equations))
        if known and known.equations is equations:
            return known.shares
        blocks = equations.blocks
        n_shares = min(suited_threads(len(equations), self._layer.n_weights), len(blocks))
        missing = range(len(self._accumulators), n_shares)
        self._accumulators += [Accumulator(self._layer, self.block_rows) for _ in missing]
        shares = [
            Share(accumulator, [accumulator.buffers_of(block) for block in blocks[first::n_shares]])
            for first, accumulator in enumerate(self._accumulators[:n_shares])
        ]
        if len(self._dealt) > 2:  # training, validation, and what was trained on before
            self._dealt.clear()
        self._dealt[id(equations)] = Dealt(equations, shares)
        return shares

    def _trained(self, grads: Matrices) -> FlatDict:
        """Name the gradients of what is trained, which lie side by side."""
        every = dict(grads.named(self._layer.operand_names))  # of tied operands the second, which holds their sum
        trained = {name: grad for name, grad in every.items() if name not in self._frozen}
        begin = min(grad.storage_offset() for grad in trained.values())
        return FlatDict(grads.vector[begin : begin + sum(grad.numel() for grad in trained.values())], trained)


def _in_order(shares: Sequence[list[Tensor]]) -> list[Tensor]:
    """Put the numbers of blocks that were dealt out in turn in the order of the blocks."""
    return [number for one_each in zip_longest(*shares) for number in one_each if number is not None]
