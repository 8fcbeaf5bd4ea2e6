"""Prefactors and initial weight scale of an MLP, as one choice.

Learning rates and weight decays of one scaling do not suit another. p is the number of elements, N the width.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import cbrt, sqrt


@dataclass(frozen=True)
class Scaling:
    """Prefactors of the layers, as functions of (p, N), and the scale of their initial weights."""

    first: Callable[[int, int], float]
    """The first one, from (inputs, N): as many inputs as operands have elements together."""

    hidden: Callable[[int, int], float]
    readout: Callable[[int, int], float]
    deviation: Callable[[int, int], float]
    """Standard deviation of a layer's initial weights, from (inputs of the layer, N)."""

    def exact_amplitude(self, p: int, n: int) -> float:
        """Return the amplitude at which exact weights give the right answer a logit of 1: (4p)^(1/3) for gromov."""
        return cbrt(2 / (n * self.first(2 * p, n) ** 2 * self.readout(p, n)))


SCALINGS: dict[str, Scaling] = {
    # Gromov 2023, Eq. 1-4: f(x) = W2 φ(W1 x / √D) / N with D inputs, 2p of them.
    "gromov": Scaling(lambda inputs, n: 1 / sqrt(inputs), lambda p, n: 1 / sqrt(n), lambda p, n: 1 / n, lambda inputs, n: 1.0),
    # Liu's essay: z = (x W1 / √M)², y = z W2 / p.
    "liu": Scaling(lambda p, n: 1 / sqrt(n), lambda p, n: 1 / sqrt(n), lambda p, n: 1 / p, lambda inputs, n: 1.0),
    # Doshi 2023, public code: no prefactor. One hidden layer only.
    "doshi": Scaling(lambda p, n: 1.0, lambda p, n: 1.0, lambda p, n: 1.0, lambda inputs, n: 0.5 / (2 * n) ** (1 / 3)),
    # No prefactor; the variance of torch.nn.Linear's initial weights.
    "standard": Scaling(lambda p, n: 1.0, lambda p, n: 1.0, lambda p, n: 1.0, lambda inputs, n: 1 / sqrt(3 * inputs)),
}
