"""What a run came to, as `run --json` prints it."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

from grokterm.experiment.interventions import Swap
from grokterm.runs.store import Run
from grokterm.training.records import Acted, Checkpointed, Evaluated, Finished, Reached, Record, Started


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


class Summary(Milestones):
    """What a run came to. A number that is not finite is null in JSON."""

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


def summarize(run: Run, records: Iterable[Record]) -> Summary:
    """Add up what happened to a run."""
    summary = Summary(run=run.name, preset=str(run.meta.get("preset", "")))
    for record in records:
        summary.steps = max(summary.steps, record.step)
        match record:
            case Started():
                summary.device, summary.engine, summary.ended = record.device, record.engine, None
                if not summary.segments:
                    summary.segments.append(Segment(from_step=record.step, n_train=record.n_train, n_val=record.n_val))
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
    summary.steps_per_second = summary.steps / summary.seconds if summary.seconds else None
    return summary


def _see(summary: Summary, evaluated: Evaluated) -> None:
    for name in ("train_loss", "val_loss", "train_accuracy", "val_accuracy"):
        setattr(summary, name, getattr(evaluated, name))
    if summary.val_loss_peak is None or evaluated.val_loss > summary.val_loss_peak:
        summary.val_loss_peak, summary.val_loss_peak_at = evaluated.val_loss, evaluated.step
