"""What a journal says of each network, by column, and what it says of the run: as other tools take it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from grokterm.experiment.architectures.mixture import PARTS, MixtureModel
from grokterm.experiment.metrics import METRICS, METRICS_IN_ORDER
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Column, Evaluations
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Acted, Branched, Checkpointed, Finished, Reached, Record, Skipped
from grokterm.plots.sanitize import plain_text
from grokterm.runs.store import Run, made_at


class Measured(NamedTuple):
    """What was measured of one network, at some steps one after another."""

    network: int
    """The number of the member; 0 without others."""

    columns: Mapping[str, Column]
    """`step` and metrics, without those of an empty side; as many numbers each."""

    is_inspection: bool = False
    """It adds to the first evaluation of its step."""


class Event(NamedTuple):
    """What happened to a run at a step."""

    step: int
    kind: str
    """milestone, intervention, skipped, branch or end."""

    what: str


def measured(records: Iterable[Record]) -> Iterator[Measured]:
    """Return all that was measured, in the order of the journal."""
    for record in records:
        match record:
            case Evaluations():
                yield Measured(0, record.columns)
            case Evaluated():
                for number, row in enumerate(record.rows):
                    yield Measured(number, _columns({"step": record.step, **row}))
            case Inspected():
                names = [name for name in METRICS if name not in METRICS_IN_ORDER]  # which evaluations have
                values = {name: value for name in names if (value := record.metric(name)) is not None}
                yield Measured(0, _columns({"step": record.step, **values}), is_inspection=True)


def _columns(row: Mapping[str, float]) -> dict[str, Column]:
    return {name: np.array([value], np.float64) for name, value in row.items()}


def events(records: Iterable[Record]) -> Iterator[Event]:
    """Return the milestones, what was done to the run, and how it ended."""
    kind: str
    what: str
    for record in records:
        match record:
            case Reached(milestone=milestone):
                kind, what = "milestone", milestone
            case Acted(action=action, note=note):
                kind, what = "intervention", f"{action}{f' ({note})' if note else ''}"
            case Skipped(message=message):
                kind, what = "skipped", message
            case Branched(parent=parent):
                kind, what = "branch", f"of {parent}"
            case Finished(reason=reason):
                kind, what = "end", reason
            case _:
                continue
        yield Event(record.step, kind, plain_text(what))


def seeds_of(run: Run) -> range:
    """Return the seed of each network of a run."""
    return range(run.experiment.seed, run.experiment.seed + run.experiment.training.members)


def with_parts(run: Run) -> dict[str, Run]:
    """Name the networks of a run by architecture; those of which a mixture is made by their roles, with their own journals."""
    model = run.experiment.model
    parts = {role: Run(run.path / "parts" / role) for role in PARTS} if isinstance(model, MixtureModel) else {}
    return {model.architecture: run, **parts}


def clock_of(run: Run, records: Sequence[Record], now: float | None = None) -> Callable[[int], float]:
    """Return a function that tells when a step was made, as far as training times tell it; later ones were made `now`.

    In seconds of Unix time. Pauses are left out.
    """
    timed = [record for record in records if isinstance(record, Checkpointed | Finished)]
    steps, seconds = [0, *(one.step for one in timed)], [0.0, *(one.seconds for one in timed)]
    began = made_at(run)

    def at(step: int) -> float:
        return now if now is not None and step > steps[-1] else began + float(np.interp(step, steps, seconds))

    return at
