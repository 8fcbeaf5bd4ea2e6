"""The gradient of the network with one hidden layer on a CUDA device, in as few kernels as can be.

A small step takes as long as its kernels take to begin, even from a captured graph. So operands are one-hot rows here, and a
matrix product looks them up, or sums their gradients, in one kernel instead of many.
"""

from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from grokterm.engines import cuda_graph
from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import evaluate, losses_and_hits, mean_of
from grokterm.engines.fused.kernel import HiddenLayer
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.experiment import Experiment
from grokterm.models.mlp import MLP
from grokterm.optim.flat import FlatDict
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights

# Multiply-adds of the readout, beyond which the products with one-hot rows take longer than the kernels they save.
LARGEST = 5e8


def unsupported_reason(experiment: Experiment, model: MLPModel, device: torch.device) -> str:
    """Return why this gradient does not suit a network with one hidden layer on a CUDA device; empty if it does."""
    task = experiment.task
    if experiment.training.members > 1:
        return f"trains one network at a time on {device.type}, not training.members {experiment.training.members}"
    if model.tied_operands:
        return f"gives each operand weights of its own on {device.type}, without model.tied_operands"
    if model.frozen:
        return f"trains all layers on {device.type}, without model.frozen"
    if task.train_size * task.n_elements * model.width > LARGEST:
        return f"multiplies one-hot operands on {device.type}, which is slow for so large a network"
    return cuda_graph.unsupported_reason(experiment, device)


class OneHot(NamedTuple):
    """A batch as matrices."""

    equations: DeviceEquations
    operands: Float[Tensor, "batch two_moduli"]
    """Two entries a row, of the first layer's scale."""

    answers: Int[Tensor, "batch 1"]
    minus_one: Float[Tensor, "batch 1"]


class DenseGradient:
    """Differentiates a network with one hidden layer by five matrix products."""

    block_rows: ClassVar[None] = None

    def __init__(self, experiment: Experiment, pool: ThreadPool) -> None:
        assert isinstance(pool.network, MLP)
        self._pool, self._layer = pool, HiddenLayer.of(experiment, pool.network)
        self._offsets = torch.tensor([0, self._layer.n_elements], device=pool.network.left.device)
        vector = pool.network.left.new_empty(self._layer.n_weights).detach()
        self._first_grad, self._readout_grad = self._split(vector)
        left, right = self._first_grad.chunk(2)
        self._grads = FlatDict(vector, {"left": left, "right": right, "readout": self._readout_grad})
        self._unread = vector.new_empty(1, 1)  # the summand of `addmm`, which it ignores with beta=0
        self._one_hot: OneHot | None = None
        """The last batch."""

    @torch.no_grad()
    def gradient(
        self, weights: Weights, batch: DeviceEquations, _: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        layer, one_hot = self._layer, self._encoded(batch)
        if isinstance(weights, FlatDict):
            first, readout = self._split(weights.vector)
        else:
            first, readout = torch.cat([weights["left"], weights["right"]]), weights["readout"]
        sums = one_hot.operands @ first
        active = torch.empty_like(sums)
        layer.activation.write(sums, active)
        scores = self._product(active, readout, layer.readout_scale)
        numbers = None
        if measuring:
            losses = layer.loss(scores, batch.answers).sum()
            numbers = mean_of([losses_and_hits(losses, scores, batch.answers)], batch)
        outputs = layer.loss_gradient.outputs(scores.to(layer.precision))
        scores_grad = outputs.scatter_add_(1, one_hot.answers, one_hot.minus_one).to(scores.dtype)
        rate = layer.loss_gradient.constant(layer.n_elements) * layer.readout_scale / len(batch)
        self._product(active.T, scores_grad, rate, out=self._readout_grad)
        hidden_grad = self._product(scores_grad, readout.T, rate * layer.activation.constant)
        layer.activation.chain(hidden_grad, sums)
        torch.mm(one_hot.operands.T, hidden_grad, out=self._first_grad)
        return self._grads, numbers

    def measure(self, values: Weights, equations: DeviceEquations) -> Float[Tensor, "2"]:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return evaluate(self._pool, values, self._layer.loss, equations)

    def _split(self, vector: Float[Tensor, " weights"]) -> tuple[Float[Tensor, "two_moduli width"], Tensor]:
        """Return the first layer, `left` over `right`, and the readout."""
        n_elements, width = self._layer.n_elements, self._layer.width
        first, readout = vector.tensor_split((2 * n_elements * width,))
        return first.view(2 * n_elements, width), readout.view(width, n_elements)

    def _product(self, left: Tensor, right: Tensor, scale: float, out: Tensor | None = None) -> Tensor:
        return torch.addmm(self._unread, left, right, beta=0, alpha=scale, out=out)

    def _encoded(self, batch: DeviceEquations) -> OneHot:
        """Return a batch as matrices; those of the whole training set are made once."""
        if self._one_hot is None or self._one_hot.equations is not batch:
            operands = self._first_grad.new_zeros(len(batch), 2 * self._layer.n_elements)
            operands.scatter_(1, batch.tokens + self._offsets, self._layer.first_scale)
            minus_one = torch.full((len(batch), 1), -1.0, dtype=self._layer.precision, device=operands.device)
            self._one_hot = OneHot(batch, operands, batch.answers.unsqueeze(1), minus_one)
        return self._one_hot
