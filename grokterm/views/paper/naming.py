"""What figures have in common: titles, the names of runs, and the reason for a figure that is not drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from grokterm.experiment.sweep import short_name
from grokterm.runs.differences import flat
from grokterm.runs.store import Run
from grokterm.views.view import Subject


@dataclass(frozen=True)
class LeftOut:
    """A figure that does not apply to a run, and why."""

    reason: str


def title_of(subject: Subject) -> str:
    """Return the operation and the step."""
    analysis = subject.analysis
    return f"{analysis.operation.label.format(p=analysis.modulus)}, step {analysis.step:,}"


def labels_of(runs: Sequence[Run]) -> list[str]:
    """Name runs by their presets; those of one preset by the settings that differ, or else by number."""
    presets = [run.preset or run.name for run in runs]
    if len(set(presets)) == len(presets):
        return presets
    settings = [dict(flat(run.experiment.settings())) for run in runs]
    names = dict.fromkeys(name for one in settings for name in one)
    differing = [name for name in names if any(one.get(name) != settings[0].get(name) for one in settings)]
    told_apart = [", ".join(f"{short_name(name)} {one.get(name, '–')}" for name in differing) for one in settings]
    if len(set(told_apart)) == len(told_apart):
        return told_apart
    return [f"{label or preset} ({number})" for number, label, preset in zip(count(1), told_apart, presets)]
