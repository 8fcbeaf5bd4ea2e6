"""Modifiers of gradient-based update rules: off by default, and freely combined.

They act in this order: weight_noise, gradient_filter, perpendicular_gradient, the update rule with its decay, update_noise,
warmup_steps, held_norm. To add one, add its settings here and a row in `grokterm.optim.modifiers`.
"""

from typing import Literal

from pydantic import Field

from grokterm.experiment.settings import Settings, live


class Modifiers(Settings):
    """Settings shared by all gradient-based optimizers."""

    warmup_steps: int = Field(0, ge=0)
    """The update after step s is scaled by min(1, s / warmup_steps), so the first is 0; 0 for no warm-up."""

    weight_noise: float = live(0.0, ge=0)
    """σ: the gradient is taken at weights + σ N(0, 1), sampled each step, and applied to the weights without noise."""

    update_noise: float = live(0.0, ge=0)
    """Adds learning_rate × this × N(0, 1) to each update, after decay and momentum."""

    gradient_filter: Literal["none", "ema", "ma"] = "none"
    """Grokfast: amplify slow gradients, as an exponential (ema) or a windowed (ma) moving average."""

    filter_strength: float = live(2.0, ge=0)
    """λ of the filter: g ← g + λ μ, with the moving average μ; no effect without a filter."""

    filter_memory: float = Field(0.98, ge=0, lt=1)
    """α of the ema filter: μ ← α μ + (1 − α) g, initially the first gradient."""

    filter_window: int = Field(100, ge=1, le=1000)
    """Window of the ma filter, which acts once it is full; it stores as many copies of the weights."""

    perpendicular_gradient: bool = False
    """Project each layer's gradient perpendicular to its weights, and rescale it to its former norm."""

    held_norm: float = live(0.0, ge=0)
    """Rescale all trained weights after each update to this multiple of their initial norm; 0 for off."""
