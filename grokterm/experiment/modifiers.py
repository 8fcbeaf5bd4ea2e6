"""Modifiers of gradient-based update rules: off by default, and freely combined.

They act in this order: weight_noise, gradient_filter, perpendicular_gradient, clip_value, clip_norm, the update rule with its
decay, update_noise, schedule with warmup_steps, held_norm, average_decay. To add one, add its settings here and a row in
`grokterm.optim.modifiers`.
"""

from math import sqrt
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.optimizers.schedule import SCHEDULES
from grokterm.experiment.settings import Settings, live


class Modifiers(Settings):
    """Settings shared by all gradient-based optimizers."""

    warmup_steps: int = Field(0, ge=0)
    """The update after step s is scaled by min(1, s / warmup_steps), so the first is 0; 0 for no warm-up."""

    schedule: Literal["constant", "linear", "cosine", "inverse_sqrt"] = "constant"
    """Learning rate after the warm-up; noise and decay follow it. inverse_sqrt: √(warmup_steps / s) after step s."""

    schedule_steps: Literal["all"] | Annotated[int, Field(ge=1)] = "all"
    """The step at which a linear or cosine schedule ends; "all" is training.steps, those at the start of the run."""

    final_share: float = Field(0.0, ge=0, le=1)
    """Share of the learning rate that a linear or cosine schedule ends at, and keeps."""

    weight_noise: float = live(0.0, ge=0)
    """σ: the gradient is taken at weights + σ N(0, 1), sampled each step, and applied to the weights without noise."""

    update_noise: float = live(0.0, ge=0)
    """Adds learning_rate × this × N(0, 1) to each update, after decay and momentum."""

    gradient_filter: Literal["none", "ema", "ma"] = "none"
    """Grokfast: amplify slow gradients, as an exponential (ema) or a windowed (ma) moving average."""

    filter_strength: float = live(2.0, ge=0)
    """λ of the filter: g ← g + λ μ, with the moving average μ; no effect without a filter."""

    filter_memory: float = live(0.98, ge=0, lt=1)
    """α of the ema filter: μ ← α μ + (1 − α) g, initially the first gradient."""

    filter_window: int = Field(100, ge=1, le=1000)
    """Window of the ma filter, which acts once it is full; it stores as many copies of the weights."""

    perpendicular_gradient: bool = live(default=False)
    """Project each layer's gradient perpendicular to its weights, and rescale it to its former norm."""

    held_norm: float = live(0.0, ge=0)
    """Rescale all trained weights after each update to this multiple of their initial norm; 0 for off."""

    average_decay: float = Field(0.0, ge=0, lt=1)
    """Measure validation under averaged weights too: μ ← this × μ + (1 − this) w after each update, initially w; 0 for off."""

    clip_norm: float = live(0.0, ge=0)
    """Shorten the gradient of all weights together to this norm, if it is longer; 0 for off."""

    clip_value: float = live(0.0, ge=0)
    """Bring every entry of the gradient between minus this and this; 0 for off."""

    @model_validator(mode="after")
    def _schedule_ends_as_asked(self) -> Self:
        ends = self.schedule in SCHEDULES
        if not ends and self.schedule_steps != "all":
            raise ValueError(f"schedule_steps {self.schedule_steps:,} is of no use: schedule {self.schedule} does not end")
        if not ends and self.final_share:
            raise ValueError(f"final_share {self.final_share:g} is of no use: schedule {self.schedule} does not end")
        if self.schedule == "inverse_sqrt" and not self.warmup_steps:
            raise ValueError("schedule inverse_sqrt needs warmup_steps, by which it is scaled: set optimizer.warmup_steps")
        if self.schedule_steps != "all" and self.schedule_steps <= self.warmup_steps:
            raise ValueError(
                f"schedule_steps must be more than warmup_steps, {self.warmup_steps:,}, not {self.schedule_steps:,}"
            )
        return self

    def rate_share_at(self, step: int) -> float:
        """Return the share of the learning rate that the update after a step has, of an experiment that is `scheduled`."""
        if step < self.warmup_steps:
            return step / self.warmup_steps
        if self.schedule == "inverse_sqrt":
            return sqrt(self.warmup_steps / step)
        if self.schedule == "constant":
            return 1.0
        assert self.schedule_steps != "all"
        progress = min(1.0, (step - self.warmup_steps) / (self.schedule_steps - self.warmup_steps))
        return self.final_share + (1 - self.final_share) * SCHEDULES[self.schedule](progress)
