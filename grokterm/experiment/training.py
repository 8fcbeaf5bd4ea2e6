"""How long the network trains, and how often it is measured."""

from typing import Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.settings import Settings


class Training(Settings):
    """How long the network trains, and how often it is measured."""

    steps: int = Field(3000, ge=0, le=1_000_000_000)
    """Optimizer updates; 0 looks at an untrained network."""

    evaluate_every: int = Field(10, ge=1)
    """Steps between two measurements of both sides; step 0 and the last step are always measured."""

    inspect_every: int = Field(0, ge=0)
    """Steps between two looks at what the network has learned, a multiple of evaluate_every; 0 for none.

    Milestones are looked at too.
    """

    stop_when: Literal["never", "memorized", "grokked"] = "never"
    """End early at a milestone."""

    engine: Literal["auto", "fused", "eager"] = "auto"
    """Where the step has its gradient from: autograd (eager) or, for one hidden layer, written out (fused)."""

    def evaluates(self, step: int) -> bool:
        """Tell whether both sides are to be measured at this step."""
        return step % self.evaluate_every == 0 or step == self.steps

    def inspects(self, step: int, *, is_milestone: bool) -> bool:
        """Tell whether what has been learned is to be looked at."""
        return self.inspect_every > 0 and (is_milestone or step % self.inspect_every == 0 or step == self.steps)

    @model_validator(mode="after")
    def _inspects_at_evaluations(self) -> Self:
        if self.inspect_every % self.evaluate_every:
            raise ValueError(
                f"inspect_every must be a multiple of evaluate_every, which is {self.evaluate_every}, not {self.inspect_every}"
            )
        return self
