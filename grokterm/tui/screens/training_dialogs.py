"""The dialogs that ask what to do to a training: swap, change, extend or branch it."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.idle import idle_settings
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.reading.toml import parse_value
from grokterm.runs.branching import SWAPPED, plan_branch
from grokterm.runs.store import Run
from grokterm.session.commands import Command, GoOn
from grokterm.session.state import LabState
from grokterm.tui.screens.dialogs import FieldsDialog
from grokterm.tui.widgets.setup.fields import form_fields


def swap_dialog(state: LabState) -> FieldsDialog[Command]:
    """Ask for another training set; after the end of the run, for further steps too."""
    fields = {
        "train_fraction": ("", f"share of the table, initially {state.experiment.task.train_fraction:g}"),
        "n_train": ("", f"as a number of equations, now {state.n_train}"),
        "operation": ("", f"of the same pairs, now {state.operation}"),
        "seed": ("", "a number: draw a new split"),
    }
    return _change_dialog("swap the training set", state, fields, _swap)


def branch_dialog(run: Run, state: LabState) -> FieldsDialog[tuple[str, ...]]:
    """Ask what is to differ in a new run from the step of this state on; nothing may."""
    experiment, step = state.experiment, state.step
    every = {field.name: field for field in form_fields(experiment)}
    names = ("training.steps", *(name for name in SWAPPED if name != "seed"), "seed", *experiment.live_names())
    more = experiment.training.steps if experiment.training.steps > step else step + max(experiment.training.steps, 1)
    texts = {name: every[name].text for name in names} | dict.fromkeys(SWAPPED, "")
    hints = {
        "task.train_fraction": f"share of the table, at the start {experiment.task.train_fraction:g}",
        "task.n_train": f"as a number of equations, there {state.n_train}",
        "task.operation": f"of the same pairs, there {state.operation}",
        "seed": "a number: draw a new split",
    }

    def make(written: dict[str, str]) -> tuple[str, ...]:
        differing = {name: text for name, text in written.items() if text and text != texts[name]}
        assignments = tuple(f"{name}={text}" for name, text in differing.items())
        plan_branch(run, step, assignments)  # refuses what cannot be
        return assignments

    fields = {name: (texts[name], hints.get(name, "")) for name in names} | {"training.steps": (f"{more}", "")}
    note = "A new run, which begins with the path up to there. Change what is to differ; this run stays."
    meanings = {name: every[name].help for name in names}
    return FieldsDialog(f"branch at step {step:,}", fields, make, note, meanings)


def change_dialog(state: LabState) -> FieldsDialog[Command]:
    """Ask for new values of the live settings; after the end of the run, for further steps too."""
    experiment = state.experiment
    every = {field.name: field for field in form_fields(experiment)}
    now = {name: every[name] for name in experiment.live_names()}

    def make(texts: dict[str, str]) -> Set:
        return _set(experiment, {name: text for name, text in texts.items() if text != now[name].text})

    fields = {name: (field.text, "") for name, field in now.items()}
    return _change_dialog("change settings", state, fields, make, {name: field.help for name, field in now.items()})


def extend_dialog(state: LabState) -> FieldsDialog[Command]:
    """Ask for further steps."""

    def make(texts: dict[str, str]) -> Command:
        return GoOn(extend=_extension(texts["steps"], state))

    return FieldsDialog("extend the run", {"steps": _further(state)}, make, _note(state))


def _change_dialog(
    title: str,
    state: LabState,
    fields: dict[str, tuple[str, str]],
    make: Callable[[dict[str, str]], Swap | Set],
    meanings: Mapping[str, str] = MappingProxyType({}),
) -> FieldsDialog[Command]:
    """Ask for a change and, where it would show nothing without them, for further steps."""
    if not state.ended:
        return FieldsDialog(title, fields, make, meanings=meanings)

    def make_both(texts: dict[str, str]) -> Command:
        steps = texts.pop("steps")
        return GoOn(change=make(texts), extend=_extension(steps, state))

    return FieldsDialog(title, fields | {"steps": _further(state)}, make_both, _note(state), meanings)


def _note(state: LabState) -> str:
    """Say how far the run goes, and how steps are written."""
    now = "has ended" if state.ended else f"goes to step {state.steps:,}"
    return f"The run {now}. Write +5,000 for so many steps more, or 20,000 for the last one."


def _further(state: LabState) -> tuple[str, str]:
    """Suggest the steps that a stopped run has left, or as many again."""
    left = state.steps - state.step if state.ended else 0
    return f"+{left or state.steps or 1000:,}", "+5,000 or 20,000"


def _extension(text: str, state: LabState) -> Extend:
    digits = text.replace(",", "").replace("_", "")
    number = digits.removeprefix("+")
    if not number.isdecimal():
        raise ConfigError(f"steps must be a whole number, as in +5,000 or 20,000, not {text!r}")
    last = state.step if state.ended else state.steps
    steps = int(number) + (last if digits.startswith("+") else 0)
    if steps <= last:
        raise ConfigError(f"steps must be more than {last:,}, or be written as +5,000, not {text}")
    return Extend.from_settings({"steps": steps})


def _swap(texts: dict[str, str]) -> Swap:
    return Swap.from_settings({name: parse_value(text) for name, text in texts.items() if text})


def _set(experiment: Experiment, texts: dict[str, str]) -> Set:
    if not texts:
        raise ConfigError("no setting was changed: write another value, or leave with escape")
    action = Set.from_settings({"values": {name: parse_value(text) for name, text in texts.items()}})
    for line in idle_settings(experiment.changed(action)):
        if line.partition(" ")[0] in texts:
            raise ConfigError(line)
    return action
