"""What makes the summary of a run out of its records."""

from collections.abc import Iterable, Sequence

import numpy as np

from grokterm.analysis.milestones import EnsembleMilestoneDetector
from grokterm.experiment.interventions import Extend, Save, Swap
from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
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
from grokterm.runs.results.over_seeds import Statistics
from grokterm.runs.results.status import status_of_unended
from grokterm.runs.results.summary import Intervention, Member, Segment, Summary
from grokterm.runs.store import Run


def summarize(run: Run, records: Iterable[Record]) -> Summary:
    """Summarize the records of a run."""
    records = list(records)
    summary = summarize_means(run, records)
    if len(seeds := run.outline.seeds) > 1:
        summary.members = _members(seeds, records)
        names = [name for name in Member.model_fields if name != "seed"]
        summary.statistics = {name: Statistics.of(getattr(one, name) for one in summary.members) for name in names}
    return summary


def summarize_means(run: Run, records: Iterable[Record]) -> Summary:
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
    summary.steps_per_second = timed_steps / summary.seconds if summary.seconds else None
    _look_at_process(summary, run)
    return summary


def _look_at_process(summary: Summary, run: Run) -> None:
    """Add what its records do not tell: whether the process lives that wrote them."""
    status, summary.owner = status_of_unended(run.path, summary.owner)
    summary.status = "ended" if summary.ended else status
    summary.is_paused = summary.is_paused and summary.status == "training"
    summary.trouble = summary.trouble if summary.is_paused else None
    if summary.status == "killed":
        summary.ended = "killed"


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
