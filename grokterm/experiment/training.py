"""How long the network trains, and how often it is measured."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.settings import Settings

LOG_INTERVALS = ((5000, 100), (2500, 50), (1000, 20), (500, 10), (250, 5), (100, 2), (0, 1))
"""With "log", from which step on every how many steps are measured.

From 100 on an interval is at most 2 % of the step, and so is what a milestone may be late by; 1, 2 and 5 times a power of ten
are always measured. Each row begins at a multiple of its own interval and of the one before, so that no gap is cut short.
"""


class Training(Settings):
    """How long the network trains, and how often it is measured."""

    steps: int = Field(3000, ge=0, le=1_000_000_000)
    """Optimizer updates; 0 looks at an untrained network."""

    evaluate_every: Annotated[int, Field(ge=1)] | Literal["log"] = 10
    """Steps between two measurements of both sides, or "log" for rarer ones later.

    With "log" they are 1 up to step 100, then grow to at most 2 % of the step, and stay at 100 from step 5,000 on. Step 0 and
    the last step are always measured.
    """

    inspect_every: int = Field(0, ge=0)
    """Steps between two looks at what the network has learned, a multiple of evaluate_every; 0 for none.

    With "log" the first measurement at or after each multiple counts. Milestones are looked at too.
    """

    stop_when: Literal["never", "memorized", "grokked"] = "never"
    """End early at a milestone."""

    engine: Literal["auto", "eager", "fused", "graph"] = "auto"
    """How a step is run: by autograd (eager), written out for one hidden layer (fused), or from CUDA graphs (graph)."""

    tf32: bool = False
    """Let a CUDA device multiply matrices with 10 bits of mantissa instead of 23."""

    members: int = Field(1, ge=1, le=4096)
    """An ensemble over seeds: networks that are trained side by side with the seed, the one after it, and so on."""

    def evaluates(self, step: int) -> bool:
        """Tell whether both sides are to be measured at this step."""
        return step % self._interval(step) == 0 or step == self.steps

    def next_evaluation(self, step: int) -> int:
        """Return the first step after this one at which both sides are to be measured."""
        interval = self._interval(step)
        following = step + interval - step % interval
        return self.steps if step < self.steps < following else following

    def inspects(self, step: int, *, is_milestone: bool) -> bool:
        """Tell whether what has been learned is to be looked at."""
        if self.inspect_every == 0:
            return False
        before = max(step - 1, 0)
        since_evaluation = 1 + before % self._interval(before)
        return is_milestone or step == self.steps or step % self.inspect_every < since_evaluation

    @property
    def mean_interval(self) -> int:
        """Steps between two measurements, on average over the whole training."""
        if self.evaluate_every != "log":
            return self.evaluate_every
        ends = (self.steps, *(first for first, _ in LOG_INTERVALS[:-1]))
        rows = zip(LOG_INTERVALS, ends, strict=True)
        n_evaluations = sum(max(0, min(end, self.steps) - first) // every for (first, every), end in rows)
        return max(1, round(self.steps / max(1, n_evaluations)))

    def _interval(self, step: int) -> int:
        """Return how far apart measurements are from this step on, to the next one."""
        if self.evaluate_every != "log":
            return self.evaluate_every
        return next(every for first, every in LOG_INTERVALS if step >= first)

    @model_validator(mode="after")
    def _inspects_at_evaluations(self) -> Self:
        if self.evaluate_every != "log" and self.inspect_every % self.evaluate_every:
            raise ValueError(
                f"inspect_every must be a multiple of evaluate_every, which is {self.evaluate_every}, not {self.inspect_every}"
            )
        return self
