"""The gradient of the one-hidden-layer network, written out and worked on in blocks of rows that stay in the cache.

With one-hot operands x, S = [left; right] and the gradient G of the loss by the scores: z = x S and y = φ(z) W, and so
dW = φ(z)ᵀ G and dS = xᵀ (G Wᵀ · φ'(z)). Constant factors are left to the end, where the matrices are small. To add an
activation or a loss: a function and a row.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.models.products import product_over_rows, times_transposed
from grokterm.training.batches import DeviceEquations
from grokterm.training.calculus import Running
from grokterm.training.device import suited_threads
from grokterm.training.evaluation import losses_and_hits, mean_of
from grokterm.training.losses import loss_of
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team
from grokterm.training.turn import Turn

BLOCK_ACTIVATIONS = 300_000
"""How many hidden activations make a block: 1.2 MB, twice."""

FEWEST_ROWS = 256
"""Blocks of fewer would starve the matrix products."""


@dataclass(frozen=True)
class Phi:
    """An elementwise activation and its derivative, in memory that is there already."""

    write: Callable[[Tensor, Tensor], object]
    """Put φ(z) into an array: (z, array)."""

    chain: Callable[[Tensor, Tensor], object]
    """Multiply a gradient by φ'(z) in place, but for a constant: (gradient, z); z may be overwritten."""

    constant: float = 1.0


PHIS: dict[str, Phi] = {
    "quadratic": Phi(lambda z, to: torch.square(z, out=to), lambda g, z: g.mul_(z), constant=2.0),
    "relu": Phi(lambda z, to: torch.clamp(z, min=0, out=to), lambda g, z: g.mul_(z.gt_(0))),
    "gelu": Phi(lambda z, to: to.copy_(functional.gelu(z)), lambda g, z: g.copy_(torch.ops.aten.gelu_backward(g, z))),
    "sine": Phi(lambda z, to: torch.sin(z, out=to), lambda g, z: g.mul_(z.cos_())),
    "tanh": Phi(lambda z, to: torch.tanh(z, out=to), lambda g, z: g.mul_(z.tanh_().square_().neg_().add_(1))),
}


@dataclass(frozen=True)
class Slope:
    """The gradient of each row's loss by its scores."""

    shares: Callable[[Tensor], Tensor]
    """What the one-hot answer is taken from; it may be the scores themselves."""

    constant: Callable[[int], float]
    """The factor of that difference, from the number of classes."""


SLOPES: dict[str, Slope] = {
    "mse": Slope(lambda scores: scores, lambda classes: 2 / classes),
    "cross_entropy": Slope(lambda scores: scores.softmax(dim=1), lambda classes: 1.0),
}


def objection(experiment: Experiment, device: torch.device) -> str:
    """Say why the gradient of an experiment is not written out; empty where it is."""
    model = experiment.model
    if not isinstance(model, MLPModel) or model.depth > 1 or model.normalization != "none" or model.dropout:
        return "needs an mlp with one hidden layer, without dropout or normalization"
    if experiment.loss.kind not in SLOPES:
        return f"needs loss.kind {' or '.join(SLOPES)}, not {experiment.loss.kind}"
    return "" if device.type == "cpu" else f"works in the caches of a cpu, not on {device.type}"


class Pass(NamedTuple):
    """What a block of rows makes on its way to the scores."""

    sums: Float[Tensor, "batch width"]
    active: Float[Tensor, "batch width"]
    scores: Float[Tensor, "batch classes"]


class WrittenOut:
    """Differentiates a network with one hidden layer.

    Blocks are dealt out to lanes, whose number is a function of sizes alone, so that sums do not depend on the threads.
    """

    def __init__(self, experiment: Experiment, team: Team, frozen: Weights) -> None:
        model, network = experiment.model, team.network
        assert isinstance(model, MLPModel)
        assert isinstance(network, MLP)
        self._team, self._frozen = team, frozen
        self._phi = PHIS[model.activation]
        self._loss, self._slope = loss_of(experiment.loss), SLOPES[experiment.loss.kind]
        self._precision = getattr(torch, experiment.loss.precision)
        first, readout = network.first_scale, network.readout_scale
        self._scales = {"left": first, "right": first, "readout": readout}
        rate = self._slope.constant(experiment.task.modulus)
        self._constants = {name: rate * scale * self._phi.constant for name, scale in self._scales.items()} | {
            "readout": rate * readout
        }
        self._shape = (experiment.task.modulus, model.width)
        self.running = Running("fused")
        self.block_rows = max(FEWEST_ROWS, BLOCK_ACTIVATIONS // model.width)
        self._own = threading.local()

    def gradient(
        self, weights: Weights, batch: DeviceEquations, _: Turn, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        scaled = self._scaled(self._frozen | weights)
        blocks, (modulus, width) = batch.blocks, self._shape
        n_lanes = min(len(blocks), suited_threads(len(batch), 3 * modulus * width))

        @torch.no_grad()
        def differentiate(_: object, lane: Sequence[DeviceEquations]) -> tuple[Weights, list[Tensor]]:
            slopes, measured = {name: torch.zeros_like(weight) for name, weight in weights.items()}, []
            for block in lane:
                made = self._pass(scaled, block)
                if measuring:
                    measured.append(self._numbers(made.scores, block))
                self._add_slopes(slopes, scaled["readout"], made, block)
            return slopes, measured

        lanes = list(self._team.map(differentiate, [blocks[first::n_lanes] for first in range(n_lanes)]))
        total = lanes[0][0]
        for slopes, _seen in lanes[1:]:
            for name, slope in slopes.items():
                total[name].add_(slope)
        for name, slope in total.items():
            slope.mul_(self._constants[name] / len(batch))
        seen = [lanes[number % n_lanes][1][number // n_lanes] for number in range(len(blocks))] if measuring else []
        return total, mean_of(seen, batch) if measuring else None

    def measure(self, values: Weights, equations: DeviceEquations) -> Float[Tensor, "2"]:
        """Return mean loss and share of right answers, as one tensor, under all values of the network."""
        scaled = self._scaled(values)

        @torch.no_grad()
        def numbers(_: object, block: DeviceEquations) -> Tensor:
            return self._numbers(self._pass(scaled, block).scores, block)

        return mean_of(list(self._team.map(numbers, equations.blocks)), equations)

    def rest(self) -> None:
        """Nothing works beside the training."""

    def _scaled(self, values: Weights) -> Weights:
        return {name: value * self._scales[name] for name, value in values.items()}

    def _pass(self, scaled: Weights, block: DeviceEquations) -> Pass:
        """Work out sums, activations and scores, in memory that the next block will use again."""
        sums, active = (memory[: len(block)] for memory in self._blank)
        left, right = block.columns
        torch.index_select(scaled["left"], 0, left, out=sums)
        sums.add_(torch.index_select(scaled["right"], 0, right, out=active))
        self._phi.write(sums, active)
        return Pass(sums, active, times_transposed(active, scaled["readout"].T))

    @property
    def _blank(self) -> tuple[Tensor, Tensor]:
        """The memory of this thread, for the sums and the activations of one block."""
        if not hasattr(self._own, "blank"):
            _, width = self._shape
            self._own.blank = (torch.empty(self.block_rows, width), torch.empty(self.block_rows, width))
        blank: tuple[Tensor, Tensor] = self._own.blank
        return blank

    def _numbers(self, scores: Tensor, block: DeviceEquations) -> Tensor:
        return losses_and_hits(self._loss(scores, block.answers).sum(), scores, block.answers)

    def _add_slopes(self, slopes: Weights, readout: Tensor, made: Pass, block: DeviceEquations) -> None:
        """Add what a block contributes, but for constants; what it made is used up."""
        shares = self._slope.shares(made.scores.to(self._precision))
        minus_one = shares.new_full((1, 1), -1.0).expand(len(block), 1)
        slope = shares.scatter_add_(1, block.answers.unsqueeze(1), minus_one).to(made.scores.dtype)
        if "readout" in slopes:
            slopes["readout"].add_(product_over_rows(made.active, slope))
        if "left" in slopes:
            back = times_transposed(slope, readout)
            self._phi.chain(back, made.sums)
            for name, operands in zip(("left", "right"), block.columns, strict=True):
                slopes[name].index_add_(0, operands, back)
