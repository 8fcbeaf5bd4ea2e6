"""Kernel machine over two one-hot operands, in float64.

To add a kernel: a function and a row here, its name in the settings, and its gradient in grokterm.training.rfm.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar, TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.models.draws import Draw
from grokterm.models.layers import Layer
from grokterm.models.network import Network, TokenFeatures

Metric: TypeAlias = Float[Tensor, "operands operands"]
Pairs: TypeAlias = Int[Tensor, "batch 2"]
Alike: TypeAlias = Float[Tensor, "batch modulus modulus"]
"""K_M of equations with every pair of operands."""


class Kernel(Network):
    """f(x) = Σ K_M(x, x') α(x') over the table of pairs x' (Radhakrishnan, 2022); α is 0 where a pair is not trained on.

    The coefficients are solved for and the metric M is learned, so that no gradient ever reaches either.
    """

    cpu_block_rows: ClassVar[int] = 200

    def __init__(self, settings: KernelModel, modulus: int, seed: int) -> None:
        del seed  # nothing is drawn
        super().__init__()
        self.similarity = partial(KERNELS[settings.kernel], settings)

        def weight(values: Tensor) -> nn.Parameter:
            return nn.Parameter(values, requires_grad=False)

        # The three blocks of M: each is a matrix over residues, and has a spectrum.
        self.cross = weight(torch.zeros(modulus, modulus, dtype=torch.float64))
        self.left = weight(torch.eye(modulus, dtype=torch.float64))
        self.right = weight(torch.eye(modulus, dtype=torch.float64))
        self.coefficients = weight(torch.zeros(modulus, modulus, modulus, dtype=torch.float64))

        self.layers = (
            Layer("cross", "metric, first by second operand"),
            Layer("left", "metric, first operand"),
            Layer("right", "metric, second operand"),
        )

    def forward(
        self, tokens: Int[Tensor, "batch 2"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch modulus"]:
        """Score every residue as the answer to each pair of operands."""
        alike = self.similarity(joined(self.left, self.cross, self.right), tokens)
        return alike.flatten(1) @ self.coefficients.flatten(0, 1)


def joined(
    left: Float[Tensor, "modulus modulus"], cross: Float[Tensor, "modulus modulus"], right: Float[Tensor, "modulus modulus"]
) -> Metric:
    """Put the symmetric M together from its blocks."""
    return torch.cat([torch.cat([left, cross], dim=1), torch.cat([cross.T, right], dim=1)])


def products(metric: Metric, tokens: Int[Tensor, "batch 2"]) -> Float[Tensor, "batch modulus modulus"]:
    """Return xᵀ M x' of equations with every pair: x has two ones, so that it is a sum of four entries of M."""
    p = len(metric) // 2
    left, right = tokens.unbind(dim=-1)
    rows = metric[left] + metric[p + right]
    return rows[:, :p, None] + rows[:, None, p:]


def _quadratic(_: KernelModel, metric: Metric, tokens: Pairs) -> Alike:
    return products(metric, tokens).square_()


def _gaussian(settings: KernelModel, metric: Metric, tokens: Pairs) -> Alike:
    p = len(metric) // 2
    on_diagonal = metric.diagonal()
    norms = on_diagonal[:p, None] + on_diagonal[None, p:] + 2 * metric[:p, p:]
    of_tokens = norms[tokens[:, 0], tokens[:, 1]]
    minus_squares = products(metric, tokens).mul_(2).sub_(norms).sub_(of_tokens[:, None, None])
    return minus_squares.clamp_(max=0).div_(2 * settings.bandwidth**2).exp_()


KERNELS: dict[str, Callable[[KernelModel, Metric, Pairs], Alike]] = {"quadratic": _quadratic, "gaussian": _gaussian}
