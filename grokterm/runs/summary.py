"""What a run came to, as `run --json` prints it."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

from grokterm.analysis.milestones import EnsembleWatch
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.records import Acted, Checkpointed, Evaluated, Finished, Reached, Record, Started, Switched
from grokterm.runs.store import Run


class Milestones(BaseModel):
    """The evaluated steps at which milestones were first seen; None where they were not."""

    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None

    def with_first(self, record: Reached) -> Self:
        """Take a milestone in, unless an earlier step has shown it."""
        name = f"{record.milestone}_at"
        return self if getattr(self, name) is not None else self.model_copy(update={name: record.step})


class Segment(Milestones):
    """What happened between two swaps."""

    from_step: int
    n_train: int
    n_val: int


class Member(BaseModel):
    """What one member of an ensemble came to."""

    model_config = ConfigDict(ser_json_inf_nan="null")

    seed: int
    memorized_at: int | None = None
    grokked_at: int | None = None
    ungrokked_at: int | None = None
    diverged_at: int | None = None
    train_loss: float
    val_loss: float
    train_accuracy: float
    val_accuracy: float


class Summary(Milestones):
    """What a run came to. A number that is not finite is null in JSON.

    Of an ensemble losses and accuracies are means over the members that have not diverged, and it reaches a milestone once all
    members have.
    """

    model_config = ConfigDict(ser_json_inf_nan="null")

    run: str
    preset: str
    device: str = ""
    engine: str = ""
    ended: str | None = None
    steps: int = 0
    seconds: float = 0.0
    steps_per_second: float | None = None
    train_loss: float | None = None
    val_loss: float | None = None
    train_accuracy: float | None = None
    val_accuracy: float | None = None
    val_loss_peak: float | None = None
    val_loss_peak_at: int | None = None
    segments: list[Segment] = []
    members: list[Member] | None = None

    def to_json(self) -> str:
        """Write it as one object; only an ensemble has members."""
        return self.model_dump_json(indent=2, exclude=None if self.members else {"members"})


def summarize(run: Run, records: Iterable[Record]) -> Summary:
    """Add up what happened to a run."""
    records = list(records)
    summary = Summary(run=run.name, preset=str(run.meta.get("preset", "")))
    for record in records:
        summary.steps = max(summary.steps, record.step)
        match record:
            case Started():
                summary.device, summary.engine, summary.ended = record.device, record.engine, None
                if not summary.segments:
                    summary.segments.append(Segment(from_step=record.step, n_train=record.n_train, n_val=record.n_val))
            case Switched():
                summary.engine = record.engine
            case Evaluated():
                _see(summary, record)
            case Reached():
                summary = summary.with_first(record)
                summary.segments[-1] = summary.segments[-1].with_first(record)
            case Acted(action=Swap()):
                summary.segments.append(Segment(from_step=record.step, n_train=record.n_train, n_val=record.n_val))
            case Checkpointed():
                summary.seconds = record.seconds
            case Finished():
                summary.seconds, summary.ended = record.seconds, record.reason
    if run.experiment.training.members > 1:
        summary.members = _members(run.experiment, records)
    summary.steps_per_second = summary.steps / summary.seconds if summary.seconds else None
    return summary


def _see(summary: Summary, evaluated: Evaluated) -> None:
    for name in ("train_loss", "val_loss", "train_accuracy", "val_accuracy"):
        setattr(summary, name, getattr(evaluated, name))
    if summary.val_loss_peak is None or evaluated.val_loss > summary.val_loss_peak:
        summary.val_loss_peak, summary.val_loss_peak_at = evaluated.val_loss, evaluated.step


def _members(experiment: Experiment, records: Iterable[Record]) -> list[Member]:
    """Say what each member came to, from the rows of every evaluation."""
    watch = EnsembleWatch(experiment.training.members)
    first: list[dict[str, int]] = [{} for _ in watch.members]
    rows: list[dict[str, float]] = []
    for record in records:
        if isinstance(record, Acted) and isinstance(record.action, Swap):
            watch.begin_segment()
        elif isinstance(record, Evaluated):
            rows = record.rows
            watch.see(rows)
            for reached, member in zip(first, watch.members, strict=True):
                for milestone in member.reached:
                    reached.setdefault(f"{milestone}_at", record.step)
    return [
        Member.model_validate({"seed": experiment.seed + number, **reached, **row})
        for number, (reached, row) in enumerate(zip(first, rows, strict=False))
    ]
