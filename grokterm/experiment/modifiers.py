"""What may be done around any update that follows a gradient: each setting is off by default, and any may be combined.

They act in this order: weight_noise, gradient_filter, perpendicular_gradient, the update itself with its decay, update_noise,
warmup_steps, held_norm. To add one, add its settings here and a row in `grokterm.optim.modifiers`.
"""

from typing import Literal

from pydantic import Field

from grokterm.experiment.settings import Settings, live


class Modifiers(Settings):
    """Settings that every optimizer shares which follows a gradient."""

    warmup_steps: int = Field(0, ge=0)
    """The update that follows step s has min(1, s / warmup_steps) of its length, so the first has none; 0 for no warm-up."""

    weight_noise: float = live(0.0, ge=0)
    """σ: the gradient is taken at weights + σ N(0, 1), drawn once a step, and applied to the weights without the noise."""

    update_noise: float = live(0.0, ge=0)
    """Each update gets learning_rate times this much of N(0, 1) added, after decay and momentum."""

    gradient_filter: Literal["none", "ema", "ma"] = "none"
    """Grokfast: amplify what is slow in the gradient, its running mean (ema) or the mean of the last ones (ma)."""

    filter_strength: float = live(2.0, ge=0)
    """λ of the filter: how much of the slow gradient is added, g ← g + λ μ; without a filter it means nothing."""

    filter_memory: float = Field(0.98, ge=0, lt=1)
    """α of the ema filter: μ ← α μ + (1 − α) g, which begins as the first gradient."""

    filter_window: int = Field(100, ge=1, le=1000)
    """Gradients that the ma filter takes the mean of, once there are so many; it keeps as many copies of the weights."""

    perpendicular_gradient: bool = False
    """Take out of each layer's gradient what points along its weights, and give the rest the length of the whole."""

    held_norm: float = live(0.0, ge=0)
    """After each update all trained weights are rescaled to this multiple of their initial norm; 0 leaves them free."""
