"""The summary of a run, as `run --json` prints it."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict

from grokterm.analysis.milestones import EnsembleMilestoneDetector
from grokterm.experiment.interventions import Extend, Save, Swap
from grokterm.experiment.metrics import AVERAGE_METRICS, METRICS_IN_ORDER
from grokterm.experiment.recording.endings import TroubleReason
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.owner import Owner
from grokterm.experiment.recording.packing import rows_of
from grokterm.experiment.recording.records import (
    Acted,
    Branched,
    Checkpointed,
    Continued,
    Finished,
    Paused,
    Reached,
    Record,
    Started,
    Switched,
)
from grokterm.runs.lock import holder_of, was_locked
from grokterm.runs.owner import Life, life
from grokterm.runs.results.over_seeds import Statistics
from grokterm.runs.store import Run

Status = Literal["training", "killed", "unknown", "ended"]

STATUS_OF_UNENDED: dict[Life, Status] = {"alive": "training", "dead": "killed", "unknown": "unknown"}


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


def summarize(run: Run, records: Iterable[Record]) -> Summary:
    """Summarize the records of a run."""
    records = list(records)
    summary = summarize_means(run, records)
    if len(seeds := run.outline.seeds) > 1:
        summary.members = _members(seeds, records)
        names = [name for name in Member.model_fields if name != "seed"]
        summary.statistics = {name: Statistics.of(getattr(one, name) for one in summary.members) for name in names}
    return summary


def summarize_means(run: Run, records: Iterable[Record]) -> Summary:  # noqa: C901, PLR0912 - a row for each kind of record
    """Summarize the records of a run, of an ensemble without its members."""
    summary, timed_steps = Summary(run=run.name, preset=run.preset), 0
    for record in records:
        summary.steps = max(summary.steps, record.step)
        match record:
            case Started():
                summary.device, summary.engine, summary.ended = record.device, record.engine, None
                summary.owner, summary.is_paused = record.owner, False
                if not summary.segments:
                    summary.segments.append(_segment(record))
            case Paused() | Continued():
                summary.is_paused = isinstance(record, Paused)
                summary.trouble = record.trouble.reason if isinstance(record, Paused) and record.trouble else None
            case Branched():
                summary.parent, summary.branched_at = record.parent, record.step
            case Switched():
                summary.engine = record.engine
            case Evaluated() | Evaluations():
                for evaluated in _telling(record):
                    _add_evaluation(summary, evaluated)
            case Reached():
                summary = summary.with_first(record)
                summary.segments[-1:] = [segment.with_first(record) for segment in summary.segments[-1:]]
            case Acted():
                _add_intervention(summary, record)
            case Checkpointed():
                summary.seconds, timed_steps = record.seconds, record.step
                summary.n_checkpoints, summary.checkpoint_bytes = record.n_kept, record.n_bytes
                summary.checkpointed_at = record.step
            case Finished():
                summary.seconds, summary.ended = record.seconds, record.reason
                timed_steps = record.step + record.n_undone
    status, summary.owner = status_of_unended(run.path, summary.owner)
    summary.status = "ended" if summary.ended else status
    summary.is_paused = summary.is_paused and summary.status == "training"
    summary.trouble = summary.trouble if summary.is_paused else None
    if summary.status == "killed":
        summary.ended = "killed"
    summary.steps_per_second = timed_steps / summary.seconds if summary.seconds else None
    return summary


def status_of_unended(folder: Path, owner: Owner | None) -> tuple[Status, Owner | None]:
    """Tell whether a run that has not ended is trained, and by which process.

    By its lock, or where it never had one by its journal, which names this owner.
    """
    holder = holder_of(folder)
    if holder is None and was_locked(folder):
        return "killed", owner
    owner = holder or owner
    return STATUS_OF_UNENDED[life(owner) if owner else "unknown"], owner


def _segment(record: Started | Acted) -> Segment:
    return Segment(from_step=record.step, n_train=record.n_train, n_val=record.n_val, n_seen=record.n_seen)


def _add_intervention(summary: Summary, acted: Acted) -> None:
    if not isinstance(acted.action, Save):
        summary.interventions.append(Intervention(step=acted.step, action=str(acted.action)))
    if isinstance(acted.action, Swap):
        summary.segments.append(_segment(acted))
    elif isinstance(acted.action, Extend):
        summary.ended = None


def _telling(record: Evaluated | Evaluations) -> Iterable[Evaluated]:
    """Return the evaluations among which the last one and that of the highest loss of validation are."""
    if isinstance(record, Evaluated):
        return [record]
    losses = record.columns.get("val_loss")
    highest = [] if losses is None else [0, int(np.where(np.isnan(losses), -np.inf, losses).argmax())]
    return rows_of(record, [*highest, len(record) - 1])


def _add_evaluation(summary: Summary, evaluated: Evaluated) -> None:
    for name in METRICS_IN_ORDER:
        setattr(summary, name, getattr(evaluated, name))
    if evaluated.val_loss is not None and (summary.val_loss_peak is None or evaluated.val_loss > summary.val_loss_peak):
        summary.val_loss_peak, summary.val_loss_peak_at = evaluated.val_loss, evaluated.step


def _members(seeds: Sequence[int], records: Iterable[Record]) -> list[Member]:
    detector = EnsembleMilestoneDetector(len(seeds))
    first: list[dict[str, int]] = [{} for _ in detector.members]
    rows: list[dict[str, float]] = []
    for record in records:
        if isinstance(record, Acted) and isinstance(record.action, Swap):
            detector.begin_segment()
        elif isinstance(record, Evaluated):
            rows = record.rows
            detector.update(rows)
            for reached, member in zip(first, detector.members, strict=True):
                for milestone in member.reached:
                    reached.setdefault(f"{milestone}_at", record.step)
    return [
        Member.model_validate({"seed": seed, **reached, **row}) for seed, reached, row in zip(seeds, first, rows, strict=False)
    ]
