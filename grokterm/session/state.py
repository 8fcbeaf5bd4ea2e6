"""The state of a training, folded from its records. The screen, plots and replay use the same value."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from math import isnan
from typing import Literal, NamedTuple, Self, cast, get_args

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.reading.overrides import live_changes
from grokterm.experiment.recording.endings import in_words
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import (
    Acted,
    Advanced,
    Branched,
    Checkpointed,
    Continued,
    Finished,
    Held,
    Paced,
    Paused,
    Reached,
    Record,
    Refused,
    Skipped,
    Started,
    Switched,
    Unsaved,
)
from grokterm.experiment.recording.trouble import Trouble
from grokterm.experiment.task import OperationName
from grokterm.session.curves import Curves
from grokterm.tasks.operation import Operation
from grokterm.tasks.operations import find_operation

Phase = Literal["loading", "training", "paused", "ended", "failed"]


@dataclass(frozen=True)
class Event:
    """An event of a run, marked on its curves."""

    step: int
    label: str
    is_swap: bool = False


class Sides(NamedTuple):
    """What is trained on and measured."""

    n_train: int
    n_val: int
    n_seen: int
    operation: OperationName | None


@dataclass(frozen=True)
class LabState:
    """Everything the screen shows of a training."""

    experiment: Experiment
    phase: Phase = "loading"
    step: int = 0
    steps_per_second: float | None = None
    seconds: float = 0.0  # of training so far, with evaluations, without imports and pauses
    pace: float | None = None
    part: str = ""  # of a mixture, which this is: `part 1 of 2`
    device: str = ""
    engine: str = ""
    n_train: int = 0
    n_val: int = 0
    n_seen: int = 0  # held out now, trained on before
    swapped_operation: OperationName | None = None  # by the last swap that changed it
    curves: Curves = field(default_factory=Curves)
    milestones: dict[Milestone, int] = field(default_factory=dict)  # first step of each in the whole run
    segment: dict[Milestone, int] = field(default_factory=dict)  # first step of each since the last swap
    inspections: tuple[Inspected, ...] = ()
    events: tuple[Event, ...] = ()
    n_earlier_events: int = 0  # of events, those before the run was opened
    opened_at: int = 0  # the step at which it was opened
    is_held: bool = False  # waits for the answer to a dialog
    ended: str = ""  # why the training ended; empty before
    trouble: Trouble | None = None  # which it is paused in
    saved_at: int | None = None
    checkpoint_bytes: int | None = None  # that all checkpoints take; None if that is not known
    refusals: tuple[str, ...] = ()  # refused commands and other notices, oldest first
    unsaved: str = ""  # why saving failed; empty if everything is saved
    former: tuple[tuple[int, Experiment], ...] = ()  # settings that were changed, and the step up to which they held
    former_sides: tuple[tuple[int, Sides], ...] = ()  # likewise, of swaps
    branches: tuple[tuple[int, str], ...] = ()  # where its path left another run, and the name of that one

    @property
    def steps(self) -> int:
        """Steps of the run according to its settings."""
        return self.experiment.training.steps

    @property
    def operation(self) -> OperationName:
        """Name of the current operation."""
        return self.swapped_operation or self.experiment.task.operation

    @property
    def definition(self) -> Operation:
        """The current operation."""
        return find_operation(self.operation, self.experiment.task.own, self.experiment.task.n_operands)

    def experiment_at(self, step: int) -> Experiment:
        """Return the settings with which the update after a step was made."""
        return next((former for until, former in self.former if step < until), self.experiment)

    @property
    def swaps(self) -> tuple[int, ...]:
        """The steps at which the training set was swapped."""
        return tuple(event.step for event in self.events if event.is_swap)

    def until(self, step: int) -> Self:
        """Return what was known at an earlier step, after what was done at it: its settings, sides, curves and milestones."""
        events = tuple(event for event in self.events if event.step <= step)
        sides = next((sides for until, sides in self.former_sides if step < until), self.sides)
        return replace(
            self,
            step=step,
            experiment=self.experiment_at(step),
            n_train=sides.n_train,
            n_val=sides.n_val,
            n_seen=sides.n_seen,
            swapped_operation=sides.operation,
            curves=self.curves.until(step),
            milestones={name: at for name, at in self.milestones.items() if at <= step},
            segment=_segment(events),
            inspections=tuple(inspected for inspected in self.inspections if inspected.step <= step),
            events=events,
            former=tuple(one for one in self.former if one[0] <= step),
            former_sides=tuple(one for one in self.former_sides if one[0] <= step),
            branches=tuple(one for one in self.branches if one[0] <= step),
        )

    @property
    def sides(self) -> Sides:
        """What is trained on and measured now."""
        return Sides(self.n_train, self.n_val, self.n_seen, self.swapped_operation)

    def latest(self, name: str) -> float | None:
        """Return a metric of the last evaluation; None if it was not measured, or its side has no equations."""
        values, accuracies = (self.curves.column(one) for one in (name, name.replace("_loss", "_accuracy")))
        return None if not len(values) or isnan(accuracies[-1]) else float(values[-1])


def _segment(events: Iterable[Event]) -> dict[Milestone, int]:
    """Return the first step of each milestone since the last swap."""
    reached: dict[Milestone, int] = {}
    for event in events:
        if event.is_swap:
            reached.clear()
        elif event.label in get_args(Milestone):
            reached.setdefault(cast("Milestone", event.label), event.step)
    return reached


def fold(state: LabState, records: Iterable[Record]) -> LabState:
    """Return the state after these records. Pure: folding the journal of a run reproduces the state of its screen."""
    records = list(records)
    for record in records:
        if not isinstance(record, Evaluated | Evaluations):
            state = _after(state, record)
    inspected = tuple(record for record in records if isinstance(record, Inspected))
    return replace(
        state,
        curves=state.curves.extended(record for record in records if isinstance(record, Evaluated | Evaluations)),
        inspections=(*state.inspections, *inspected) if inspected else state.inspections,
        step=max([state.step, *(record.step for record in records)]),
        seconds=max([state.seconds, *(one.seconds for one in records if isinstance(one, Advanced | Checkpointed | Finished))]),
    )


def _after(state: LabState, record: Record) -> LabState:
    match record:
        case Started():
            refusals = (*state.refusals, record.note) if record.note else state.refusals
            change = live_changes(state.experiment, record.changes)
            experiment = state.experiment.changed(change) if change else state.experiment
            started = replace(state, device=record.device, engine=record.engine, experiment=experiment, refusals=refusals)
            started = replace(started, n_train=record.n_train, n_val=record.n_val, n_seen=record.n_seen)
            return replace(started, phase="training", ended="", trouble=None)
        case Advanced(steps_per_second=rate):
            before = state.steps_per_second
            return replace(state, steps_per_second=rate if before is None else 0.8 * before + 0.2 * rate)
        case Reached(milestone=milestone, step=step):
            milestones, segment = (
                {**known, milestone: known.get(milestone, step)} for known in (state.milestones, state.segment)
            )
            return replace(state, milestones=milestones, segment=segment, events=(*state.events, Event(step, milestone)))
        case Acted():
            return _after_action(state, record)
        case Paused() | Continued():
            trouble = record.trouble if isinstance(record, Paused) else None
            return replace(state, phase="paused" if isinstance(record, Paused) else "training", trouble=trouble)
        case Paced(steps_per_second=pace):
            return replace(state, pace=pace)
        case Held(is_held=is_held, is_waiting=is_waiting):
            held: Phase = "ended" if state.ended else "paused" if is_waiting else "training"
            return replace(state, is_held=is_held, phase=held)
        case Checkpointed(step=step, n_bytes=n_bytes):
            return replace(state, saved_at=step, unsaved="", checkpoint_bytes=n_bytes)
        case Finished(reason=reason, message=message):
            refusals = (*state.refusals, message) if message and state.trouble is None else state.refusals
            return replace(state, phase="ended", ended=in_words(reason), trouble=None, refusals=refusals)
        case Unsaved(message=message):
            return replace(state, phase="ended" if state.ended else "paused", unsaved=message)
        case Refused() | Skipped() | Switched() | Branched():
            return _after_notice(state, record)
    return state


def _after_notice(state: LabState, record: Refused | Skipped | Switched | Branched) -> LabState:
    if isinstance(record, Branched):
        left = Event(record.step, f"branch of {record.parent}")
        return replace(state, events=(*state.events, left), branches=(*state.branches, (record.step, record.parent)))
    engine = record.engine if isinstance(record, Switched) else state.engine
    return replace(state, engine=engine, refusals=(*state.refusals, record.message) if record.message else state.refusals)


def _after_action(state: LabState, acted: Acted) -> LabState:
    is_swap = isinstance(acted.action, Swap)
    operation = acted.action.operation if isinstance(acted.action, Swap) else None
    label = f"{acted.action}{f' ({acted.note})' if acted.note else ''}"
    changed = replace(
        state,
        swapped_operation=operation or state.swapped_operation,
        n_train=acted.n_train,
        n_val=acted.n_val,
        n_seen=acted.n_seen,
        segment={} if is_swap else state.segment,
        former_sides=(*state.former_sides, (acted.step, state.sides)) if is_swap else state.former_sides,
        events=(*state.events, Event(acted.step, label, is_swap=is_swap)),
    )
    former = (*state.former, (acted.step, state.experiment))
    match acted.action:
        case Set() as change:
            return replace(changed, experiment=state.experiment.changed(change), former=former)
        case Extend(steps=steps):
            phase: Phase = "training" if state.phase == "ended" else state.phase
            longer = state.experiment.extended(steps, state.ended)
            return replace(changed, experiment=longer, former=former, phase=phase, ended="")
    return changed
