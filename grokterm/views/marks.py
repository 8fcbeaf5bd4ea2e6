"""The events of a run, as marks on its curves."""

from typing import get_args

from grokterm.experiment.conditions import Milestone
from grokterm.plots.curves.legend import Mark
from grokterm.session.state import Event, LabState

UNMARKED = ("save", "extend")  # actions that change nothing in the curves


def marks_of(state: LabState) -> list[Mark]:
    """Return interventions that change something, and milestones but those that a swap left standing: reached again at once."""
    return [
        Mark(event.step, "branch" if _is_branch(event) else event.label, "swap" if event.is_swap else "dim")
        for event in _shown(state)
    ]


def named_marks(state: LabState, origin: int = 0) -> list[Mark]:
    """Return the same with the step in each label; counted from `origin` with a sign."""
    sign = "+" if origin else ""
    return [
        Mark(event.step - origin, f"{_what(event)} {event.step - origin:{sign},}", "swap" if event.is_swap else "dim")
        for event in _shown(state)
    ]


def _shown(state: LabState) -> list[Event]:
    swaps = [event.step for event in state.events if event.is_swap]

    def is_again(event: Event) -> bool:
        is_first = event.label not in get_args(Milestone) or (event.label, event.step) in state.milestones.items()
        return not is_first and any(swap <= event.step <= state.experiment.training.next_evaluation(swap) for swap in swaps)

    return [event for event in state.events if event.label.partition(" ")[0] not in UNMARKED and not is_again(event)]


def _is_branch(event: Event) -> bool:
    return event.label.startswith("branch of ")


def _what(event: Event) -> str:
    """Name a milestone; of an intervention, say what it made different: `2 % of the table, step`."""
    if event.label in get_args(Milestone):
        return event.label
    if _is_branch(event):
        return "branch at"
    name = event.label.partition(" (")[0]  # without the note
    if event.is_swap:
        parts = [part.removeprefix("to ") for part in name.removeprefix("swap ").split(", ")]
        name = ", ".join(f"{part} of the table" if part.endswith("%") else part for part in parts)
    return f"{name} at"
