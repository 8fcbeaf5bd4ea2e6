"""Recursive feature machine: the metric of a kernel becomes the average gradient outer product (Mallinar, 2024).

One row a kernel in SPREADS.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.step import TrainState
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.models.kernel import KERNELS, Metric, metric_of
from grokterm.optim.flat import FlatParameters
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Weights

ROWS_AT_A_TIME = 256  # bounds the memory of computing kernel rows

CLASSES_AT_A_TIME = 8  # bounds the memory of gradients; their sum does not depend on the number of threads

Coefficients: TypeAlias = Float[Tensor, "elements elements classes"]
Spread: TypeAlias = Callable[[Coefficients], Metric]
"""S of some classes, where M S M is the sum over these classes of the gradient's covariance."""


@dataclass(frozen=True)
class FeatureMachine:
    """Alternates between the metric and the coefficients, each the exact answer to the other."""

    pool: ThreadPool
    model: KernelModel
    settings: RecursiveFeatures
    flat: FlatParameters

    scores_batch: ClassVar[bool] = False
    invariant_from: ClassVar[float] = 0.0

    def begin(self, weights: Weights) -> OptimizerState:
        """Return an empty state: the weights are all there is."""
        del weights
        return {}

    @torch.no_grad()
    def on_new_training_set(self, weights: Weights, train: DeviceEquations) -> Weights:
        """Solve (K + ridge I) α = Y for a training set under the present metric; a singular system gives NaN."""
        metric, classes = _metric(weights), weights["coefficients"].shape[-1]
        left, right = train.tokens.unbind(dim=-1)
        similarity, pairs = partial(KERNELS[self.model.kernel], self.model), left * classes + right
        alike = torch.cat([similarity(metric, rows).flatten(1)[:, pairs] for rows in torch.split(train.tokens, ROWS_AT_A_TIME)])
        alike.diagonal().add_(self.settings.ridge)
        wanted = functional.one_hot(train.answers, classes).to(alike.dtype)
        solved, _ = torch.linalg.solve_ex(alike, wanted)  # unlike solve, it does not synchronize to check
        table = torch.zeros_like(weights["coefficients"])
        table[left, right] = solved
        return weights | {"coefficients": table}

    @torch.no_grad()
    def __call__(
        self, state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, None]:
        """Learn the metric from the gradient of the predictor, then solve for the coefficients again; nothing is scored."""
        del rng, measuring
        weights, optimizer_state = state.weights, state.optimizer_state  # new ones are made, and these stay
        outer = average_outer_product(self.pool, self.model, _metric(weights), batch.tokens, weights["coefficients"])
        metric = _power(outer, self.settings.power)
        metric = metric / metric.max()
        p = len(metric) // 2
        blocks = {"cross": metric[:p, p:], "left": metric[:p, :p], "right": metric[p:, p:]}
        learned = weights | {name: block.contiguous() for name, block in blocks.items()}
        return TrainState(self.on_new_training_set(learned, batch), optimizer_state), None


def average_outer_product(
    pool: ThreadPool, model: KernelModel, metric: Metric, tokens: Int[Tensor, "equations 2"], coefficients: Coefficients
) -> Metric:
    """Return the covariance of ∇f over the training set, summed over classes: AGOP with centered gradients."""
    spread = SPREADS[model.kernel](model, metric, tokens)
    shares = pool.map(lambda _, share: spread(share), torch.split(coefficients, CLASSES_AT_A_TIME, dim=-1))
    return metric @ torch.stack(list(shares)).sum(dim=0) @ metric


def _quadratic(_: KernelModel, metric: Metric, tokens: Int[Tensor, "equations 2"]) -> Spread:
    """f(x) = xᵀ B x with B = M A M and A = Σ α x xᵀ: the gradient is 2 B x, and only the inputs' covariance is needed."""
    p = len(metric) // 2
    trained = metric.new_zeros(p, p)
    trained[tokens[:, 0], tokens[:, 1]] = 1.0 / len(tokens)
    moment = _second_moment(trained)
    mean = moment.diagonal()  # of entries that are 0 or 1
    within = metric @ (moment - torch.outer(mean, mean)) @ metric

    def spread(coefficients: Coefficients) -> Metric:
        sums = _second_moment(coefficients.permute(2, 0, 1))
        return 4 * (sums @ within @ sums).sum(dim=0)

    return spread


def _gaussian(model: KernelModel, metric: Metric, tokens: Int[Tensor, "equations 2"]) -> Spread:
    """∇f(x) = M Σ α(x') K(x, x') (x' − x) / L², where the sum over x' is one over a and one over b of the table."""
    p, (left, right) = len(metric) // 2, tokens.unbind(dim=-1)
    alike = KERNELS["gaussian"](model, metric, tokens)
    by_left, by_right = alike.permute(1, 0, 2).contiguous(), alike.permute(2, 0, 1).contiguous()
    rows = torch.arange(len(tokens), device=tokens.device)
    scale = 1 / (len(tokens) * model.bandwidth**4)

    def spread(coefficients: Coefficients) -> Metric:
        pulls = torch.cat([torch.bmm(by_left, coefficients), torch.bmm(by_right, coefficients.transpose(0, 1))])
        pulls = pulls.permute(1, 2, 0).contiguous()
        scores = pulls[..., :p].sum(dim=-1)
        pulls[rows, :, left] -= scores
        pulls[rows, :, p + right] -= scores
        centered = pulls.sub_(pulls.mean(dim=0)).flatten(0, 1)
        return scale * (centered.T @ centered)

    return spread


SPREADS: dict[str, Callable[[KernelModel, Metric, Int[Tensor, "equations 2"]], Spread]] = {
    "quadratic": _quadratic,
    "gaussian": _gaussian,
}


def _second_moment(shares: Float[Tensor, "*classes elements elements"]) -> Float[Tensor, "*classes operands operands"]:
    """Sum share · x xᵀ over the pairs x = e_a + e_{p+b} of a table."""
    left, right = torch.diag_embed(shares.sum(dim=-1)), torch.diag_embed(shares.sum(dim=-2))
    return torch.cat([torch.cat([left, shares], dim=-1), torch.cat([shares.mT, right], dim=-1)], dim=-2)


def _power(matrix: Metric, exponent: float) -> Metric:
    """Raise a positive semidefinite matrix to a power; NaN if it is not finite, which eigh refuses."""
    eigenvalues, vectors = torch.linalg.eigh(matrix.nan_to_num(0.0, 0.0, 0.0))
    powered = (vectors * eigenvalues.clamp(min=0).pow(exponent)) @ vectors.T
    return torch.where(matrix.isfinite().all(), powered, torch.nan)


def _metric(weights: Weights) -> Metric:
    return metric_of(weights["left"], weights["cross"], weights["right"])
