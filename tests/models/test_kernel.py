from typing import Literal

import pytest
import torch
from torch import Tensor

from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.models.build import build
from grokterm.models.kernel import KERNELS, Kernel, metric_of

P = 7
PAIRS = torch.cartesian_prod(torch.arange(P), torch.arange(P))
Name = Literal["quadratic", "gaussian"]
every_kernel = pytest.mark.parametrize("name", KERNELS)


def learned_metric(seed: int = 0) -> Tensor:
    """A symmetric positive metric without any structure."""
    root = torch.randn(2 * P, 2 * P, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return root @ root.T / (2 * P)


def one_hot(tokens: Tensor) -> Tensor:
    return torch.nn.functional.one_hot(tokens, P).flatten(1).double()


def dense_similarity(settings: KernelModel, metric: Tensor, inputs: Tensor, others: Tensor) -> Tensor:
    """The formulas as they are written."""
    if settings.kernel == "quadratic":
        return torch.einsum("id,de,je->ij", inputs, metric, others) ** 2
    apart = inputs[:, None] - others[None]
    return torch.exp(-torch.einsum("ijd,de,ije->ij", apart, metric, apart) / (2 * settings.bandwidth**2))


@every_kernel
def test_similarities_are_those_of_the_formula(name: Name) -> None:
    settings, metric, tokens = KernelModel(kernel=name, bandwidth=1.3), learned_metric(), PAIRS[::3]
    table = KERNELS[name](settings, metric, tokens)
    dense = dense_similarity(settings, metric, one_hot(tokens), one_hot(PAIRS))
    torch.testing.assert_close(table.flatten(1), dense, rtol=1e-12, atol=1e-12)


@every_kernel
def test_scores_are_a_sum_over_the_table_weighted_by_similarity(name: Name) -> None:
    settings = KernelModel(kernel=name)
    network = build(settings, P, 0)
    coefficients = torch.randn(P, P, P, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    network.load_state_dict({**network.state_dict(), "coefficients": coefficients})
    dense = dense_similarity(settings, torch.eye(2 * P, dtype=torch.float64), one_hot(PAIRS), one_hot(PAIRS))
    torch.testing.assert_close(network(PAIRS), dense @ coefficients.flatten(0, 1))


def test_the_metric_is_the_identity_at_the_start_and_has_three_blocks() -> None:
    network = Kernel(KernelModel(), P, 0)
    torch.testing.assert_close(metric_of(network.left, network.cross, network.right), torch.eye(2 * P, dtype=torch.float64))
    metric = learned_metric()
    torch.testing.assert_close(metric_of(metric[:P, :P], metric[:P, P:], metric[P:, P:]), metric)


def test_no_gradient_reaches_a_kernel_and_every_number_is_in_float64() -> None:
    for parameter in Kernel(KernelModel(), P, 0).parameters():
        assert not parameter.requires_grad
        assert parameter.dtype == torch.float64
