"""What a gradient is taken from: one protocol for autograd and for the gradient written out by hand."""

from typing import Protocol, runtime_checkable

from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights


@runtime_checkable
class GradientBackend(Protocol):
    """Differentiates and scores one network. All backends agree within rounding."""

    @property
    def block_rows(self) -> int | None:
        """Equations in a block; None: as many as suit the network."""

    def gradient(
        self, weights: Weights, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch.

        The next call may overwrite the gradient: a rule that keeps it copies it, which tests check of every rule.
        """
        ...

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        ...
