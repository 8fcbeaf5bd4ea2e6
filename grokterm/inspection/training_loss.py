"""The loss on the training set, differentiated once and twice. It does not touch the network in training."""

from collections.abc import Callable
from copy import deepcopy
from math import sqrt

import numpy as np
import torch
from jaxtyping import Float, Float64
from torch import Tensor
from torch.func import functional_call

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.engines.batches import to_device
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.network import Network
from grokterm.optim.losses import LossFunction

TOLERANCE = 1e-3  # relative: an eigenvalue of the Hessian lies as close to the one returned
MOST_PRODUCTS = 100  # of the Hessian and a vector

Vector = Float64[Tensor, " parameters"]


class TrainingLoss:
    """The mean loss of the training equations as a function of the trained parameters, in float64 and without dropout."""

    def __init__(self, network: Network, loss: LossFunction, snapshot: Snapshot) -> None:
        self._network = deepcopy(network).cpu()
        self._loss = loss
        values = {name: torch.from_numpy(value).double() for name, value in snapshot.parameters.items()}
        self._trained = {name: value.requires_grad_() for name, value in values.items() if name not in network.frozen}
        self._frozen = {name: value for name, value in values.items() if name in network.frozen}
        self._equations = to_device(snapshot.dataset.train, self._network, torch.device("cpu"))

    def gradient(self) -> dict[str, Float[np.ndarray, "..."]]:
        """Return the gradient by the trained parameters, by name."""
        flat = self._sum_over_blocks(lambda loss, parameters: torch.autograd.grad(loss, parameters, materialize_grads=True))
        sizes = [value.numel() for value in self._trained.values()]
        parts = zip(self._trained.items(), flat.split_with_sizes(sizes), strict=True)
        return {name: part.view(value.shape).numpy() for (name, value), part in parts}

    def hessian_product(self, vector: Vector) -> Vector:
        """Multiply the Hessian by a vector: the gradient of the gradient's product with it (Pearlmutter, 1994)."""
        sizes = [value.numel() for value in self._trained.values()]
        parts = [
            part.view(value.shape) for value, part in zip(self._trained.values(), vector.split_with_sizes(sizes), strict=True)
        ]

        def product(loss: Tensor, parameters: list[Tensor]) -> tuple[Tensor, ...]:
            grads = torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
            along = torch.stack([(grad * part).sum() for grad, part in zip(grads, parts, strict=True)]).sum()
            return torch.autograd.grad(along, parameters, materialize_grads=True)

        return self._sum_over_blocks(product)

    def largest_eigenvalue(self) -> float | None:
        """Return the largest eigenvalue of the Hessian; None if it is not found."""
        n_parameters = sum(value.numel() for value in self._trained.values())
        return largest_eigenvalue(self.hessian_product, n_parameters) if n_parameters else None

    def _sum_over_blocks(self, derivative: Callable[[Tensor, list[Tensor]], tuple[Tensor, ...]]) -> Vector:
        total = torch.zeros(sum(value.numel() for value in self._trained.values()), dtype=torch.float64)
        with steady_arithmetic():
            for block in self._equations.blocks:
                scores = functional_call(self._network, self._trained | self._frozen, (block.tokens,))
                loss = self._loss(scores, block.answers).sum() / len(self._equations)
                parts = derivative(loss, list(self._trained.values()))
                total += torch.cat([part.detach().flatten() for part in parts])
        return total


def largest_eigenvalue(product: Callable[[Vector], Vector], n_parameters: int) -> float | None:
    """Return the largest eigenvalue of a symmetric matrix, of which only products with vectors are known.

    Lanczos's method (1950) with full orthogonalization, from a seeded start: like power iteration, but each product refines
    all that were known, and a large negative eigenvalue does not hide the largest. None if it has not converged, or a product
    is not finite.
    """
    vector = torch.from_numpy(np.random.default_rng(0).standard_normal(n_parameters))
    basis, diagonal, beside = [vector / vector.norm()], list[float](), list[float]()
    for _ in range(min(MOST_PRODUCTS, n_parameters)):
        image = product(basis[-1])
        diagonal.append(float(image @ basis[-1]))
        for _twice in range(2):  # once leaves rounding behind
            image -= sum((image @ known) * known for known in basis)
        rest = float(image.norm())
        if not np.isfinite(rest):
            return None
        values, vectors = np.linalg.eigh(np.diag(diagonal) + np.diag(beside, 1) + np.diag(beside, -1))
        residual = rest * abs(vectors[-1, -1])
        if residual <= TOLERANCE * abs(values[-1]) or rest <= sqrt(np.finfo(np.float64).eps) * np.abs(values).max():
            return float(values[-1])
        basis.append(image / rest)
        beside.append(rest)
    return float(values[-1]) if len(diagonal) == n_parameters else None
