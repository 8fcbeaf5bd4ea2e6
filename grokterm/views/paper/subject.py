"""What a figure is drawn of: a saved run, and its network at one step."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import get_args

from grokterm.experiment.interventions import Milestone
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.plots.curves import Mark
from grokterm.plots.paper.style import PaperFigure
from grokterm.runs.store import Run
from grokterm.session.state import LabState
from grokterm.views.pictures import event_marks


@dataclass(frozen=True)
class Subject:
    """A saved run, what happened to it, and its network at one step."""

    run: Run
    state: LabState
    analysis: NetworkAnalysis
    memorized: NetworkAnalysis | None = None
    """The network when it had memorized, where a figure asks for that."""

    @property
    def marks(self) -> list[Mark]:
        """What happened; a milestone that a swap does not undo is reached again at once, and that is no news."""
        training, events = self.state.experiment.training, self.state.events
        swaps = [event.step for event in events if event.is_swap]
        again = [
            event.label in get_args(Milestone)
            and (event.label, event.step) not in self.state.milestones.items()
            and any(swap <= event.step <= training.next_evaluation(swap) for swap in swaps)
            for event in events
        ]
        return [mark for mark, is_again in zip(event_marks(self.state), again, strict=True) if not is_again]

    @property
    def title(self) -> str:
        """What was asked of the network, and its step."""
        analysis = self.analysis
        return f"{analysis.operation.label.format(p=analysis.modulus)}, step {analysis.step:,}"


@dataclass(frozen=True)
class LeftOut:
    """A figure that does not apply to a run, and why."""

    reason: str


Drawn = PaperFigure | LeftOut


def labels_of(subjects: Sequence[Subject]) -> list[str]:
    """Name runs by their presets, or, where two have the same, by the settings that they differ in, or else by number."""
    presets = [str(subject.run.meta.get("preset", subject.run.name)) for subject in subjects]
    if len(set(presets)) == len(presets):
        return presets
    settings = [dict(_flat(subject.run.experiment.settings())) for subject in subjects]
    names = [name for name in dict.fromkeys(name for one in settings for name in one) if _differs(name, settings)]
    told_apart = [
        ", ".join(f"{name.rpartition('.')[2].replace('_', ' ')} {one.get(name, '–')}" for name in names) for one in settings
    ]
    if len(set(told_apart)) == len(told_apart):
        return told_apart
    return [f"{label or preset} ({number})" for number, label, preset in zip(count(1), told_apart, presets)]


_UNNAMED = {"title", "source", "device", "expect"}
"""What does not tell runs apart."""


def _flat(settings: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.") if above + name not in _UNNAMED else ()
        elif above + name not in _UNNAMED:
            yield above + name, value


def _differs(name: str, settings: Sequence[Mapping[str, object]]) -> bool:
    return any(one.get(name) != settings[0].get(name) for one in settings)
