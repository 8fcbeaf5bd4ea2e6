"""Kernel machine over two one-hot operands, in float64.

To add a kernel: a function and a row here, its name in the settings, and its gradient in grokterm.training.rfm.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.models.layers import Layer
from grokterm.models.network import Network, TokenFeatures
from grokterm.models.rng import Rng

Metric: TypeAlias = Float[Tensor, "operands operands"]
Pairs: TypeAlias = Int[Tensor, "batch 2"]
Similarities: TypeAlias = Float[Tensor, "batch elements elements"]
"""K_M of equations with every pair of operands."""


class Kernel(Network):
    """f(x) = Σ K_M(x, x') α(x') over all pairs x' (Radhakrishnan, 2022); α is 0 outside the training set.

    The recursive feature machine sets the coefficients α and the metric M; neither gets a gradient.
    """

    def __init__(self, settings: KernelModel, n_elements: int, seed: int) -> None:
        del seed  # nothing is random
        super().__init__()
        self.n_activations = 2 * n_elements**2  # in float64
        self.similarity = partial(KERNELS[settings.kernel], settings)
        # The blocks of M, apart because each is a matrix over residues and has a spectrum.
        self.cross = nn.Parameter(torch.zeros(n_elements, n_elements, dtype=torch.float64))
        self.left = nn.Parameter(torch.eye(n_elements, dtype=torch.float64))
        self.right = nn.Parameter(torch.eye(n_elements, dtype=torch.float64))
        self.coefficients = nn.Parameter(torch.zeros(n_elements, n_elements, n_elements, dtype=torch.float64))
        self.requires_grad_(requires_grad=False)
        self.layers = (
            Layer("cross", "metric, first by second operand"),
            Layer("left", "metric, first operand"),
            Layer("right", "metric, second operand"),
        )

    def forward(
        self, tokens: Int[Tensor, "batch 2"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch elements"]:
        """Score every residue as the answer to each pair of operands."""
        similarities = self.similarity(metric_of(self.left, self.cross, self.right), tokens)
        return similarities.flatten(1) @ self.coefficients.flatten(0, 1)


def metric_of(
    left: Float[Tensor, "elements elements"],
    cross: Float[Tensor, "elements elements"],
    right: Float[Tensor, "elements elements"],
) -> Metric:
    """Assemble the symmetric M from its blocks."""
    return torch.cat([torch.cat([left, cross], dim=1), torch.cat([cross.T, right], dim=1)])


def inner_products(metric: Metric, tokens: Int[Tensor, "batch 2"]) -> Float[Tensor, "batch elements elements"]:
    """Return xᵀ M x' of equations with every pair. x has two ones, so this is a sum of four entries of M."""
    p = len(metric) // 2
    left, right = tokens.unbind(dim=-1)
    rows = metric[left] + metric[p + right]
    return rows[:, :p, None] + rows[:, None, p:]


def _quadratic(_: KernelModel, metric: Metric, tokens: Pairs) -> Similarities:
    return inner_products(metric, tokens).square_()


def _gaussian(settings: KernelModel, metric: Metric, tokens: Pairs) -> Similarities:
    p = len(metric) // 2
    diagonal = metric.diagonal()
    squared_norms = diagonal[:p, None] + diagonal[None, p:] + 2 * metric[:p, p:]
    squared_norms_of_tokens = squared_norms[tokens[:, 0], tokens[:, 1]]
    # −|x − x'|² = 2 xᵀ M x' − |x'|² − |x|²; rounding may lift it above 0.
    negative_distances = inner_products(metric, tokens).mul_(2).sub_(squared_norms).sub_(squared_norms_of_tokens[:, None, None])
    return negative_distances.clamp_(max=0).div_(2 * settings.bandwidth**2).exp_()


KERNELS: dict[str, Callable[[KernelModel, Metric, Pairs], Similarities]] = {"quadratic": _quadratic, "gaussian": _gaussian}
