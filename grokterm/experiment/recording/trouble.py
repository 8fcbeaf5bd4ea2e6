"""What a training waits for a user in, of its own accord."""

from pydantic import BaseModel, ConfigDict

from grokterm.experiment.recording.endings import TroubleReason


class Trouble(BaseModel):
    """What a training cannot go on for as it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: TroubleReason
    message: str
    """What the user can do about it."""

    last_good: int | None = None
    """Of one that diverged, the step of the newest checkpoint that is sound, or 0; None if there is none."""

    is_lost: bool = False
    """Its weights are gone: it goes on from its last checkpoint."""

    @property
    def can_be_retried(self) -> bool:
        """Whether the training can go on as it is, if nothing is in its way any more."""
        return self.reason != "diverged" and not self.is_lost
