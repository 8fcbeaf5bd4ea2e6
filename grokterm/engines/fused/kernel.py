"""The network with one hidden layer and the parts of its gradient, written out for a block of rows that stays in the cache.

With one-hot operands x, S = [left; right] and the gradient G of the loss by the scores: z = x S and y = φ(z) W, and so
dW = φ(z)ᵀ G and dS = xᵀ (G Wᵀ · φ'(z)). Constant factors are left to the end, where the matrices are small. To add an
activation or a loss: a function and a row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from grokterm.engines.batches import DeviceEquations
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.models.products import SharedMatrix, matmul_out
from grokterm.optim.rules import Weights


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


class Matrices(NamedTuple):
    """All three matrices, or their slopes, in one vector."""

    vector: Float[Tensor, " weights"]
    first: Float[Tensor, "operands width"]
    """Those of both operands, one below the other."""

    left: Float[Tensor, "modulus width"]
    right: Float[Tensor, "modulus width"]
    readout: Float[Tensor, "width modulus"]
    reads: SharedMatrix
    """The readout, to multiply by,"""

    reads_back: SharedMatrix
    """and the other way round."""

    def copy_(self, values: Weights) -> None:
        """Take over the values of each."""
        for matrix, name in ((self.left, "left"), (self.right, "right"), (self.readout, "readout")):
            matrix.copy_(values[name])


class Blank(NamedTuple):
    """OptimizerState for blocks of at most so many rows, one after the other."""

    starts: Int[Tensor, " rows"]
    minus_one: Float[Tensor, "rows 1"]
    active: Float[Tensor, "rows width"]
    scores: Float[Tensor, "rows classes"]
    back: Float[Tensor, "rows width"]
    readout: SharedMatrix


class Desk(NamedTuple):
    """What a block of rows is worked on with, laid out once: what is equal of all blocks is memory that they share."""

    left: Int[Tensor, " batch"]
    right: Int[Tensor, " batch"]
    pairs: Int[Tensor, " twice_the_batch"]
    """The rows of `Matrices.first` that each row of the block adds up, two by two."""

    starts: Int[Tensor, " batch"]
    answers: Int[Tensor, " batch"]
    classes: Int[Tensor, "batch 1"]
    """The answers, in a column."""

    minus_one: Float[Tensor, "batch 1"]
    active: SharedMatrix
    active_by_unit: SharedMatrix
    """The activations, a row a hidden unit."""

    scores: SharedMatrix
    back: SharedMatrix
    readout: SharedMatrix


@dataclass(frozen=True)
class HiddenLayer:
    """Passes blocks of rows through the network and back. The weights it takes are `scales` times those of the network."""

    activation: str
    loss: str
    precision: torch.dtype
    modulus: int
    width: int
    first_scale: float
    readout_scale: float
    frozen: frozenset[str]
    """Names of what is not trained; both of the first matrices are, or none."""

    @staticmethod
    def of(experiment: Experiment, network: MLP) -> "HiddenLayer":
        """Take what matters from an experiment and its network."""
        assert isinstance(experiment.model, MLPModel)
        loss, (modulus, width) = experiment.loss, network.left.shape
        return HiddenLayer(
            experiment.model.activation,
            loss.kind,
            getattr(torch, loss.precision),
            modulus,
            width,
            network.first_scale,
            network.readout_scale,
            network.frozen,
        )

    @property
    def n_weights(self) -> int:
        """Entries of all three matrices."""
        return 3 * self.modulus * self.width

    def matrices(self, vector: Float[Tensor, " weights"]) -> Matrices:
        """Find the matrices in a vector."""
        first, readout = vector.tensor_split((2 * self.modulus * self.width,))
        first = first.view(2 * self.modulus, self.width)
        left, right = first.chunk(2)
        readout = readout.view(self.width, self.modulus)
        return Matrices(vector, first, left, right, readout, SharedMatrix.of(readout), SharedMatrix.of(readout.T))

    def scales(self) -> Float[Tensor, " weights"]:
        """Return what the weights are multiplied by before anything else."""
        return self._each(self.first_scale, self.readout_scale)

    def rates(self) -> Float[Tensor, " weights"]:
        """Return what the slopes of the summed loss are multiplied by after anything else."""
        rate = SLOPES[self.loss].constant(self.modulus)
        return self._each(rate * self.first_scale * PHIS[self.activation].constant, rate * self.readout_scale)

    def blank(self, rows: int) -> Blank:
        """Make memory for blocks of at most so many rows."""
        return Blank(
            torch.arange(0, 2 * rows, 2),
            torch.full((rows, 1), -1.0, dtype=self.precision),
            torch.empty(rows, self.width),
            torch.empty(rows, self.modulus),
            torch.empty(rows, self.width),
            SharedMatrix.of(torch.empty(self.width, self.modulus)),
        )

    def desk(self, block: DeviceEquations, blank: Blank) -> Desk:
        """Lay out what a block is worked on with."""
        left, right = block.columns
        starts, minus_one, active, scores, back = (memory[: len(block)] for memory in blank[:5])
        return Desk(
            left,
            right,
            torch.stack([left, right + self.modulus], dim=1).flatten(),
            starts,
            block.answers,
            block.answers.unsqueeze(1),
            minus_one,
            SharedMatrix.of(active),
            SharedMatrix.of(active.T),
            SharedMatrix.of(scores),
            SharedMatrix.of(back),
            blank.readout,
        )

    def forward(self, scaled: Matrices, desk: Desk) -> tuple[Float[Tensor, "batch width"], SharedMatrix]:
        """Return sums and scores; the activations are on the desk then."""
        sums = torch.embedding_bag(scaled.first, desk.pairs, desk.starts, False, 0)[0]  # noqa: FBT003 - torch names neither
        PHIS[self.activation].write(sums, desk.active.tensor)
        return sums, matmul_out(desk.active, scaled.reads, out=desk.scores)

    def add_slopes(
        self, total: Matrices, scaled: Matrices, sums: Float[Tensor, "batch width"], scores: SharedMatrix, desk: Desk
    ) -> None:
        """Add dS and dW, for which sums and scores are used up."""
        self._turn_into_slope(scores.tensor, desk)
        if "readout" not in self.frozen:
            total.readout.add_(matmul_out(desk.active_by_unit, scores, out=desk.readout).tensor)
        if "left" not in self.frozen:
            back = matmul_out(scores, scaled.reads_back, out=desk.back).tensor
            PHIS[self.activation].chain(back, sums)
            total.left.index_add_(0, desk.left, back)
            total.right.index_add_(0, desk.right, back)

    def _turn_into_slope(self, scores: Float[Tensor, "batch classes"], desk: Desk) -> None:
        """Put G where the scores are."""
        shares = SLOPES[self.loss].shares(scores.to(self.precision)).scatter_add_(1, desk.classes, desk.minus_one)
        if shares is not scores:
            scores.copy_(shares)

    def _each(self, first: float, readout: float) -> Float[Tensor, " weights"]:
        """Make a factor for each weight."""
        factors = self.matrices(torch.empty(self.n_weights))
        factors.first.fill_(first)
        factors.readout.fill_(readout)
        return factors.vector
