"""What every record has."""

from pydantic import BaseModel, ConfigDict, Field

from grokterm.experiment.training import LARGEST_STEPS


class BaseRecord(BaseModel):
    """A fact about a training, and the step at which it holds."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    step: int = Field(ge=0, le=LARGEST_STEPS)
    """Optimizer updates made before it."""
