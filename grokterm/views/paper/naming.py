"""What figures have in common: titles, marks, the names of runs, and the reason for a figure that is not drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import get_args

from grokterm.experiment.conditions import Milestone
from grokterm.plots.curves import Mark
from grokterm.runs.differences import flat
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.views.pictures import event_marks
from grokterm.views.view import Subject


@dataclass(frozen=True)
class LeftOut:
    """A figure that does not apply to a run, and why."""

    reason: str


def title_of(subject: Subject) -> str:
    """Return the operation and the step."""
    analysis = subject.analysis
    return f"{analysis.operation.label.format(p=analysis.modulus)}, step {analysis.step:,}"


def marks_of(state: LabState) -> list[Mark]:
    """Return milestones and interventions, without milestones that a swap left standing: they are reached again at once."""
    training, events = state.experiment.training, state.events
    swaps = [event.step for event in events if event.is_swap]
    again = [
        event.label in get_args(Milestone)
        and (event.label, event.step) not in state.milestones.items()
        and any(swap <= event.step <= training.next_evaluation(swap) for swap in swaps)
        for event in events
    ]
    return [mark for mark, is_again in zip(event_marks(state), again, strict=True) if not is_again]


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Name runs by their presets; those of one preset by the settings that differ, or else by number."""
    presets = [str(run.meta.get("preset", run.name)) for run in runs]
    if len(set(presets)) == len(presets):
        return presets
    settings = [dict(flat(run.experiment.settings())) for run in runs]
    names = dict.fromkeys(name for one in settings for name in one)
    differing = [name for name in names if any(one.get(name) != settings[0].get(name) for one in settings)]
    told_apart = [
        ", ".join(f"{name.rpartition('.')[2].replace('_', ' ')} {one.get(name, '–')}" for name in differing) for one in settings
    ]
    if len(set(told_apart)) == len(told_apart):
        return told_apart
    return [f"{label or preset} ({number})" for number, label, preset in zip(count(1), told_apart, presets)]
