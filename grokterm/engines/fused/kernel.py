"""The network with one hidden layer and its gradient, written out for a block of equations that stays in the cache.

With one-hot operands x, S = [left; right] and the gradient G of the loss by the scores: z = x S and y = φ(z) W, and so
dW = φ(z)ᵀ G and dS = xᵀ (G Wᵀ · φ'(z)). Constant factors are left to the end, where the matrices are small.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import losses_and_hits
from grokterm.engines.fused.derivatives import ACTIVATION_KERNELS, LOSS_GRADIENTS, Activation, LossGradient
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.models.products import SharedMatrix, matmul_out
from grokterm.optim.losses import LossFunction, loss_of


class Matrices(NamedTuple):
    """All three weight matrices, or their gradients, in one vector."""

    vector: Float[Tensor, " weights"]
    first: Float[Tensor, "operands width"]
    """`left` over `right`."""

    left: Float[Tensor, "elements width"]
    right: Float[Tensor, "elements width"]
    readout: SharedMatrix
    readout_t: SharedMatrix

    def named(self, operand_names: tuple[str, str]) -> list[tuple[str, Tensor]]:
        """Return each matrix with the name of its weights; of operands that share them both have one name."""
        return list(zip((*operand_names, "readout"), (self.left, self.right, self.readout.tensor), strict=True))


@dataclass(frozen=True)
class HiddenLayer:
    """The sizes and constants of a network with one hidden layer, and the functions of its settings."""

    activation: Activation
    loss: LossFunction
    loss_gradient: LossGradient
    dtype: torch.dtype
    """Of weights, activations and gradients."""

    precision: torch.dtype
    """Of the loss and its gradient by the scores."""

    n_elements: int
    width: int
    first_scale: float
    readout_scale: float
    operand_names: tuple[str, str]
    """The weights of the first and of the second operand, which may be the same."""

    frozen: frozenset[str]
    """Names of what is not trained; of the operands both are, or none."""

    @staticmethod
    def of(experiment: Experiment, network: MLP) -> "HiddenLayer":
        """Read them off an experiment and its network."""
        assert isinstance(experiment.model, MLPModel)
        loss, (width, n_elements) = experiment.loss, network.readout.shape
        return HiddenLayer(
            ACTIVATION_KERNELS[experiment.model.activation],
            loss_of(loss),
            LOSS_GRADIENTS[loss.kind],
            network.readout.dtype,
            torch.promote_types(network.readout.dtype, getattr(torch, loss.precision)),
            n_elements,
            width,
            network.first_scale,
            network.readout_scale,
            (network.operand_names[0], network.operand_names[-1]),
            network.frozen,
        )

    @property
    def has_tied_operands(self) -> bool:
        """Whether both operands share their weights."""
        return self.operand_names[0] == self.operand_names[1]

    @property
    def n_weights(self) -> int:
        """Entries of all three matrices."""
        return 3 * self.n_elements * self.width

    def matrices(self, vector: Float[Tensor, " weights"]) -> Matrices:
        """Return the matrices that lie end to end in a vector."""
        first, readout = vector.tensor_split((2 * self.n_elements * self.width,))
        first = first.view(2 * self.n_elements, self.width)
        left, right = first.chunk(2)
        readout = readout.view(self.width, self.n_elements)
        return Matrices(vector, first, left, right, SharedMatrix.of(readout), SharedMatrix.of(readout.T))

    def scales(self) -> Float[Tensor, " weights"]:
        """Return the factors of the weights as a kernel takes them."""
        return self._per_weight(self.first_scale, self.readout_scale)

    def rates(self) -> Float[Tensor, " weights"]:
        """Return the factors of the gradients as a kernel leaves them."""
        rate = self.loss_gradient.constant(self.n_elements)
        return self._per_weight(rate * self.first_scale * self.activation.constant, rate * self.readout_scale)

    def _per_weight(self, first: float, readout: float) -> Float[Tensor, " weights"]:
        factors = self.matrices(torch.empty(self.n_weights, dtype=self.dtype))
        factors.first.fill_(first)
        factors.readout.tensor.fill_(readout)
        return factors.vector


class BlockBuffers(NamedTuple):
    """The indices of one block of equations, and scratch memory that the blocks of an accumulator share."""

    left: Int[Tensor, " batch"]
    right: Int[Tensor, " batch"]
    pairs: Int[Tensor, " twice_the_batch"]
    """The two rows of `Matrices.first` that each equation adds up."""

    pair_starts: Int[Tensor, " batch"]
    answers: Int[Tensor, " batch"]
    answer_column: Int[Tensor, "batch 1"]
    minus_one: Float[Tensor, "batch 1"]
    active: SharedMatrix
    active_t: SharedMatrix
    scores: SharedMatrix
    hidden_grad: SharedMatrix


class Accumulator:
    """Scores blocks of equations and sums their gradients, one block after the other, for one thread at a time."""

    def __init__(self, layer: HiddenLayer, block_rows: int) -> None:
        self._layer = layer
        self.grads = layer.matrices(torch.zeros(layer.n_weights, dtype=layer.dtype))
        self._readout_grad = SharedMatrix.of(torch.empty(layer.width, layer.n_elements, dtype=layer.dtype))
        self._pair_starts = torch.arange(0, 2 * block_rows, 2)
        self._minus_one = torch.full((block_rows, 1), -1.0, dtype=layer.precision)
        self._active = torch.empty(block_rows, layer.width, dtype=layer.dtype)
        self._hidden_grad = torch.empty(block_rows, layer.width, dtype=layer.dtype)
        self._scores = torch.empty(block_rows, layer.n_elements, dtype=layer.dtype)

    def buffers_of(self, block: DeviceEquations) -> BlockBuffers:
        """Prepare a block, once for all steps."""
        (left, right), n_rows = block.columns, len(block)
        active = self._active[:n_rows]
        return BlockBuffers(
            left,
            right,
            torch.stack([left, right + self._layer.n_elements], dim=1).flatten(),
            self._pair_starts[:n_rows],
            block.answers,
            block.answers.unsqueeze(1),
            self._minus_one[:n_rows],
            SharedMatrix.of(active),
            SharedMatrix.of(active.T),
            SharedMatrix.of(self._scores[:n_rows]),
            SharedMatrix.of(self._hidden_grad[:n_rows]),
        )

    @torch.no_grad()
    def accumulate(self, weights: Matrices, blocks: Sequence[BlockBuffers], *, measuring: bool) -> list[Tensor]:
        """Set `grads` to the sums over these blocks, but for constants; return, if asked, what `score` would."""
        self.grads.first.zero_()
        numbers: list[Tensor] = []
        for number, block in enumerate(blocks):
            sums, scores = self._forward(weights, block)
            if measuring:
                numbers.append(self._numbers(scores, block))
            self._backward(weights, sums, scores, block, is_first=number == 0)
        return numbers

    @torch.no_grad()
    def score(self, weights: Matrices, blocks: Sequence[BlockBuffers]) -> list[Tensor]:
        """Return summed loss and right answers of each block."""
        return [self._numbers(self._forward(weights, block)[1], block) for block in blocks]

    def _forward(self, weights: Matrices, block: BlockBuffers) -> tuple[Float[Tensor, "batch width"], SharedMatrix]:
        """Return z and the scores; φ(z) lies in the buffers."""
        sums = torch.embedding_bag(weights.first, block.pairs, block.pair_starts, False, 0)[0]  # noqa: FBT003 - torch names neither
        self._layer.activation.write(sums, block.active.tensor)
        matmul_out(block.active, weights.readout, out=block.scores)
        return sums, block.scores

    def _backward(
        self,
        weights: Matrices,
        sums: Float[Tensor, "batch width"],
        scores: SharedMatrix,
        block: BlockBuffers,
        *,
        is_first: bool,
    ) -> None:
        """Add dW and dS, or set dW to that of the first block; `sums` and `scores` are overwritten."""
        layer = self._layer
        outputs = layer.loss_gradient.outputs(scores.tensor.to(layer.precision))
        outputs.scatter_add_(1, block.answer_column, block.minus_one)
        if outputs is not scores.tensor:
            scores.tensor.copy_(outputs)
        if "readout" not in layer.frozen:
            total = self.grads.readout
            matmul_out(block.active_t, scores, out=total if is_first else self._readout_grad)
            if not is_first:
                total.tensor.add_(self._readout_grad.tensor)
        if layer.operand_names[0] not in layer.frozen:
            matmul_out(scores, weights.readout_t, out=block.hidden_grad)
            hidden_grad = block.hidden_grad.tensor
            layer.activation.chain(hidden_grad, sums)
            self.grads.left.index_add_(0, block.left, hidden_grad)
            self.grads.right.index_add_(0, block.right, hidden_grad)

    def _numbers(self, scores: SharedMatrix, block: BlockBuffers) -> Tensor:
        return losses_and_hits(self._layer.loss(scores.tensor, block.answers).sum(), scores.tensor, block.answers)
