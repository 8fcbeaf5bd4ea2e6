"""The process that trains a run, so that another one can tell whether it lives."""

from pydantic import BaseModel, ConfigDict, Field


class Owner(BaseModel):
    """The process that trains a run. None: the system does not tell."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    pid: int = Field(gt=0, lt=2**31)
    """A signal to 0 or to less would reach many processes."""

    host: str
    namespace: str | None = None
    """Within which a pid is unique: that of a container, or of the host."""

    boot: str | None = None
    """Changes whenever the host starts."""

    start: int | None = None
    """When the process was started, in clock ticks after boot: tells it from a later one with the same pid."""
