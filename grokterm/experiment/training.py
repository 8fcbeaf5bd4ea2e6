"""How long the network trains, and how often it is measured."""

from typing import Literal

from pydantic import Field

from grokterm.experiment.settings import Settings


class Training(Settings):
    """How long the network trains, and how often it is measured."""

    steps: int = Field(3000, ge=0, le=1_000_000_000)
    """Optimizer updates; 0 looks at an untrained network."""

    evaluate_every: int = Field(10, ge=1)
    """Steps between two measurements of both sides; step 0 and the last step are always measured."""

    stop_when: Literal["never", "memorized", "grokked"] = "never"
    """End early at a milestone."""

    engine: Literal["auto", "eager"] = "auto"
    """How the step is run."""
