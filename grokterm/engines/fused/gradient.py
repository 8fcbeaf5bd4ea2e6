"""The gradient of the network with one hidden layer, whose blocks of rows are dealt out to threads."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.device import suited_threads
from grokterm.engines.evaluation import mean_of
from grokterm.engines.fused.kernel import SLOPES, Desk, HiddenLayer, Matrices
from grokterm.engines.fused.lane import Lane, Worked
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.optim.flat import FlatDict
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights

BLOCK_ACTIVATIONS = 300_000
"""How many hidden activations make a block: 1.2 MB, three times."""

FEWEST_ROWS = 256
"""Blocks of fewer would starve the matrix products."""


def unsupported_reason(experiment: Experiment, device: torch.device) -> str:
    """Say why the gradient of an experiment is not written out; empty where it is."""
    model = experiment.model
    if not isinstance(model, MLPModel) or model.depth > 1 or model.normalization != "none" or model.dropout:
        return "needs an mlp with one hidden layer, without dropout or normalization"
    if experiment.loss.kind not in SLOPES:
        return f"needs loss.kind {' or '.join(SLOPES)}, not {experiment.loss.kind}"
    return "" if device.type == "cpu" else f"works in the caches of a cpu, not on {device.type}"


class Share(NamedTuple):
    """A lane, and its blocks."""

    lane: Lane
    desks: list[Desk]


class Dealt(NamedTuple):
    """Equations, cut into blocks that are dealt out to lanes."""

    equations: DeviceEquations
    shares: list[Share]


class FusedGradient:
    """Differentiates a network with one hidden layer. A gradient is good until the next.

    Blocks are dealt out to lanes, whose number is a function of sizes alone: sums do not depend on how many threads work.
    """

    def __init__(self, experiment: Experiment, pool: ThreadPool, frozen: Weights) -> None:
        assert isinstance(pool.network, MLP)
        self._pool, self._frozen, self._loss = pool, frozen, experiment.loss
        self._layer = layer = HiddenLayer.of(experiment, pool.network)
        self.block_rows = max(FEWEST_ROWS, BLOCK_ACTIVATIONS // layer.width)
        self._scales, self._rates = layer.scales(), layer.rates()
        self._scaled = layer.matrices(torch.empty(layer.n_weights))
        self._lanes = [Lane(layer, experiment.loss, self.block_rows)]
        self._named = self._wanted(self._lanes[0].slopes)
        """The slopes, where they are added up."""

        self._dealt: dict[int, Dealt] = {}
        """What came lately, by its identity."""

    @torch.no_grad()
    def gradient(
        self, weights: Weights, batch: DeviceEquations, _: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        dealt = self._deal(batch)
        scaled = self._scale(weights)

        def work(_: object, share: Share) -> Worked:
            return share.lane.work(scaled, share.desks, measuring=measuring)

        worked = list(self._pool.map(work, dealt.shares))
        total = worked[0].slopes
        for other_lane in worked[1:]:
            total.add_(other_lane.slopes)
        total.mul_(self._rates).mul_(1 / len(batch))
        seen = _in_order([one.seen for one in worked])
        return self._named, mean_of(seen, batch) if measuring else None

    @torch.no_grad()
    def measure(self, values: Weights, equations: DeviceEquations) -> Float[Tensor, "2"]:
        """Return mean loss and share of right answers, as one tensor, under all values of the network."""
        scaled = self._scale(values)
        seen = self._pool.map(lambda _, share: share.lane.measure(scaled, share.desks), self._deal(equations).shares)
        return mean_of(_in_order(list(seen)), equations)

    def _scale(self, values: Weights) -> Matrices:
        """Write weights down as the layer applies them."""
        scaled = self._scaled
        if isinstance(values, FlatDict) and not self._frozen:
            torch.mul(values.vector, self._scales, out=scaled.vector)
        else:
            scaled.copy_(self._frozen | values)
            scaled.vector.mul_(self._scales)
        return scaled

    def _deal(self, equations: DeviceEquations) -> Dealt:
        """Deal blocks out to lanes, once where they come again."""
        known = self._dealt.get(id(equations))
        if known and known.equations is equations:
            return known
        blocks = equations.blocks
        n_lanes = min(suited_threads(len(equations), self._layer.n_weights), len(blocks))
        missing = range(len(self._lanes), n_lanes)
        self._lanes += [Lane(self._layer, self._loss, self.block_rows) for _ in missing]
        shares = [Share(lane, lane.lay_out(blocks[first::n_lanes])) for first, lane in enumerate(self._lanes[:n_lanes])]
        if len(self._dealt) > 1:  # both sides of the split
            self._dealt.clear()
        self._dealt[id(equations)] = dealt = Dealt(equations, shares)
        return dealt

    def _wanted(self, slopes: Matrices) -> FlatDict:
        """Name the slopes that are wanted, which lie side by side."""
        every = {"left": slopes.left, "right": slopes.right, "readout": slopes.readout}
        wanted = {name: slope for name, slope in every.items() if name not in self._frozen}
        begin = slopes.first.numel() if "left" in self._frozen else 0
        return FlatDict(slopes.vector[begin : begin + sum(slope.numel() for slope in wanted.values())], wanted)


def _in_order(seen: Sequence[list[Tensor]]) -> list[Tensor]:
    """Put what lanes say of their blocks in the order of the blocks."""
    return [one for of_a_round in zip_longest(*seen) for one in of_a_round if one is not None]
