"""The settings of the training loop."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.conditions import Condition, StopText
from grokterm.experiment.settings import Settings, live

# First step and interval of the "log" schedule.
#
# From step 100 on an interval, so the error of a milestone, is at most 2 % of the step; 1, 2 and 5 times a power of ten are
# always evaluated. Each row begins at a multiple of its own interval and of the one before, so that no interval is cut short.
LOG_INTERVALS = ((5000, 100), (2500, 50), (1000, 20), (500, 10), (250, 5), (100, 2), (0, 1))

LARGEST_STEPS = 1_000_000_000


class Training(Settings):
    """How long the network trains, and how often it is evaluated."""

    steps: int = Field(3000, ge=0, le=LARGEST_STEPS)
    """Optimizer updates; 0 for an untrained network."""

    evaluate_every: Annotated[int, Field(ge=1)] | Literal["log"] = live(10)
    """Steps between evaluations of both sides, or "log" for growing intervals.

    "log": 1 up to step 100, then growing to at most 2 % of the step, and 100 from step 5,000 on. Step 0 and the last step are
    always evaluated.
    """

    inspect_every: int = live(0, ge=0)
    """Steps between inspections of the network; 0 for none.

    The first evaluation at or after each multiple is inspected, and milestones are too.
    """

    checkpoint_at: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(strict=False)] | Literal["log"] = ()
    """Steps at which a checkpoint is written, besides those that are in any case; "log" for 1, 2, 5, 10, 20, 50, ..."""

    checkpoint_gigabytes: float = Field(1.0, gt=0)
    """Room on disk for the checkpoints of the run: older ones are thinned to it, the fewer the farther back.

    The newest one, those of `checkpoint_at` and the one at which a branch begins stay. Each step can still be looked at.
    """

    stop_when: StopText = live("never")
    """End early: at a milestone (memorized, grokked, ungrokked), at a bound (val_loss < 1e-4), or N steps after it.

    The first evaluation since the last swap that shows it counts: grokked, parameter_norm > 40, 500 steps after grokked.
    """

    engine: Literal["auto", "eager", "fused", "graph"] = "auto"
    """How a step is run: autograd (eager), a gradient by hand for one hidden layer (fused), autograd in CUDA graphs (graph)."""

    threads: Annotated[int, Field(ge=1, le=1024)] | Literal["auto"] = "auto"
    """CPU threads of a network, or processes of an ensemble, or "auto": as many as pay. They do not affect the numbers."""

    precision: Literal["float32", "float64", "bfloat16"] = "float32"
    """The numbers of weights, activations, gradients and optimizer state; loss.precision where that is finer."""

    tf32: bool = False
    """Let a CUDA device multiply matrices in TF32: 10 bits of mantissa instead of 23."""

    members: int = Field(1, ge=1, le=4096)
    """Networks of an ensemble, trained side by side with consecutive seeds."""

    @property
    def fixed_threads(self) -> int | None:
        """The number of threads that was asked for; None for as many as pay."""
        return None if self.threads == "auto" else self.threads

    @property
    def stop_condition(self) -> Condition | None:
        """What `stop_when` says; None for never."""
        return None if self.stop_when == "never" else Condition.parse(self.stop_when)

    def evaluates(self, step: int) -> bool:
        """Whether this step is evaluated."""
        return step % self._interval(step) == 0 or step == self.steps

    def next_evaluation(self, step: int) -> int:
        """Return the first evaluated step after this one."""
        interval = self._interval(step)
        following = step + interval - step % interval
        return self.steps if step < self.steps < following else following

    def next_checkpoint(self, step: int) -> int | None:
        """Return the first step after this one in `checkpoint_at`; None if there is none."""
        if self.checkpoint_at != "log":
            return min((one for one in self.checkpoint_at if one > step), default=None)
        power = int("1" + "0" * (len(str(max(step, 0))) - 1))
        return next(factor * power for factor in (1, 2, 5, 10) if factor * power > step)

    def inspects(self, step: int, *, is_milestone: bool) -> bool:
        """Whether this evaluated step is inspected."""
        if self.inspect_every == 0:
            return False
        before = max(step - 1, 0)
        since_evaluation = 1 + before % self._interval(before)
        return is_milestone or step == self.steps or step % self.inspect_every < since_evaluation

    @property
    def mean_interval(self) -> int:
        """Mean number of steps between evaluations."""
        if self.evaluate_every != "log":
            return self.evaluate_every
        ends = (self.steps, *(first for first, _ in LOG_INTERVALS[:-1]))
        rows = zip(LOG_INTERVALS, ends, strict=True)
        n_evaluations = sum(max(0, min(end, self.steps) - first) // every for (first, every), end in rows)
        return max(1, round(self.steps / max(1, n_evaluations)))

    def _interval(self, step: int) -> int:
        """Return the interval from this step to the next evaluation."""
        if self.evaluate_every != "log":
            return self.evaluate_every
        return next(every for first, every in LOG_INTERVALS if step >= first)

    @model_validator(mode="after")
    def _tf32_multiplies_float32(self) -> Self:
        if self.tf32 and self.precision != "float32":
            raise ValueError(f"tf32 multiplies matrices of float32, and precision is {self.precision}: leave one out")
        return self
