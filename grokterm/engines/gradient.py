"""How the gradient of a network and its scores are had."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights


@runtime_checkable
class GradientBackend(Protocol):
    """Differentiates a network, by autograd or with its gradient written out. All of them agree within rounding."""

    @property
    def block_rows(self) -> int | None:
        """How many equations it likes to work on at a time; None leaves that to the network."""

    def gradient(
        self, weights: Weights, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch.

        It may lie in memory that the next call uses again.
        """
        ...

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        ...
