"""The summary of a run, as `run --json` prints it."""

from typing import Self

from pydantic import BaseModel, ConfigDict

from grokterm.experiment.metrics import AVERAGE_METRICS
from grokterm.experiment.recording.endings import TroubleReason
from grokterm.experiment.recording.owner import Owner
from grokterm.experiment.recording.records import Reached
from grokterm.runs.results.over_seeds import Statistics
from grokterm.runs.results.status import Status


class Milestones(BaseModel):
    """The evaluated steps at which milestones were first reached; None if never."""

    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None

    def with_first(self, record: Reached) -> Self:
        """Add a milestone, unless it was reached before."""
        name = f"{record.milestone}_at"
        return self if getattr(self, name) is not None else self.model_copy(update={name: record.step})


class Segment(Milestones):
    """The milestones between two swaps."""

    from_step: int
    n_train: int
    n_val: int
    n_seen: int


class Intervention(BaseModel):
    """What was done to a run, by its experiment or by a user."""

    step: int
    action: str


class Member(BaseModel):
    """The summary of one member of an ensemble."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    seed: int
    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None
    train_loss: float
    train_accuracy: float
    val_loss: float | None = None
    val_accuracy: float | None = None
    parameter_norm: float | None = None
    seen_loss: float | None = None
    seen_accuracy: float | None = None
    average_val_loss: float | None = None
    average_val_accuracy: float | None = None


class Summary(Milestones):
    """The summary of a run. Numbers that are not finite are null in JSON.

    For an ensemble, losses and accuracies are means over the members that have not diverged, and a milestone is reached once
    all members have.
    """

    model_config = ConfigDict(ser_json_inf_nan="null")

    run: str
    preset: str
    device: str = ""
    engine: str = ""
    status: Status = "unknown"
    """Training: its process lives. Killed: its process has gone without a word. Unknown: it cannot be asked from here."""

    ended: str | None = None
    """Why; null while it trains, or where that is unknown."""

    owner: Owner | None = None
    """The process that trains it, or did last."""

    is_paused: bool = False
    """That process waits for a user."""

    trouble: TroubleReason | None = None
    """Why, if it is not the user's wish."""

    parent: str | None = None
    """Of a branch, the run that it left; what came before is of that one."""

    branched_at: int | None = None
    """At which step."""

    n_checkpoints: int | None = None
    """On disk; null where the journal does not tell."""

    checkpoint_bytes: int | None = None
    """What they take, of at most `training.checkpoint_gigabytes`."""

    checkpointed_at: int | None = None
    """The step of the last checkpoint, from which it goes on."""

    steps: int = 0
    seconds: float = 0.0
    """Of a run that was killed, up to its last checkpoint; so is the speed."""

    steps_per_second: float | None = None
    train_loss: float | None = None
    train_accuracy: float | None = None
    val_loss: float | None = None
    val_accuracy: float | None = None
    parameter_norm: float | None = None
    seen_loss: float | None = None
    seen_accuracy: float | None = None
    average_val_loss: float | None = None
    average_val_accuracy: float | None = None
    val_loss_peak: float | None = None
    val_loss_peak_at: int | None = None
    segments: list[Segment] = []
    interventions: list[Intervention] = []
    """Without those that only saved."""

    members: list[Member] | None = None
    statistics: dict[str, Statistics] | None = None
    """Of each milestone and each final number of the members, over their seeds."""

    def to_json(self) -> str:
        """Return it as a JSON object; not all of them have members, a parent or trouble."""
        idle = {
            name
            for name in ("members", "statistics", "parent", "branched_at", "trouble", *AVERAGE_METRICS)
            if getattr(self, name) is None
        }
        return self.model_dump_json(indent=2, exclude=idle)
