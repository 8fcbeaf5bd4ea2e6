"""The settings of the kernel machine."""

from typing import Literal

from pydantic import Field

from grokterm.experiment.settings import Settings

LARGEST_TRAINING_SET = 20_000  # equations solved for at once: their kernel matrix takes 3 GB

LARGEST_MODULUS = 251  # the machine has modulus³ coefficients: 0.1 GB


class KernelModel(Settings):
    """A kernel machine with a learned metric (Mallinar, 2024)."""

    architecture: Literal["kernel"] = "kernel"
    """The kind of network."""

    kernel: Literal["quadratic", "gaussian"] = "quadratic"
    """The kernel: (xᵀ M x')², or exp(−(x − x')ᵀ M (x − x') / 2 L²)."""

    bandwidth: float = Field(2.5, gt=0)
    """L of the Gaussian kernel."""

    @property
    def label(self) -> str:
        """The network in a few words."""
        width = f", bandwidth {self.bandwidth:g}" if self.kernel == "gaussian" else ""
        return f"{self.kernel} kernel{width}"
