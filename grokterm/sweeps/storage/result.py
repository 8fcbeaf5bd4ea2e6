"""What came of one member of a sweep: a row of its table."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

Outcome = Literal["finished", "diverged", "failed"]


class Result(BaseModel):
    """A member that has ended. Steps are None where they were not reached, numbers where they were not measured."""

    model_config = ConfigDict(frozen=True, extra="ignore", ser_json_inf_nan="strings")

    key: str
    """Of the member."""

    outcome: Outcome = "finished"
    problem: str = ""
    """Why it has failed, in one line."""

    ended: str = ""
    """Why the training has ended, as its journal says."""

    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None
    grokking_delay: int | None = None
    """Steps from memorized_at to grokked_at."""

    train_loss: float | None = None
    train_accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    best_val_accuracy: float | None = None
    """The highest of all evaluations."""

    val_loss_peak: float | None = None
    val_loss_peak_at: int | None = None
    seen_accuracy: float | None = None
    parameter_norm: float | None = None
    """At the end."""

    metrics: dict[str, float | None] = {}
    """Metrics of the network that the sweep asks for, by name: `ipr`, `parameter_norm @ grokked`."""

    steps: int = 0
    seconds: float = 0.0
    host: str = ""
    device: str = ""
    engine: str = ""
    grokterm: str = ""
    torch: str = ""
    attempts: int = 1
    """Processes that it took since its last checkpoint."""

    def value(self, measure: str) -> float | None:
        """Return a number by its name; None if the member does not have it."""
        found = self.metrics.get(measure, getattr(self, measure, None))
        return found if isinstance(found, int | float) else None
