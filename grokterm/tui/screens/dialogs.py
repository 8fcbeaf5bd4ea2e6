"""Small dialogs over the lab."""

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from grokterm.errors import ConfigError, GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Action, Set, Swap
from grokterm.experiment.toml import parse_value
from grokterm.plots.sanitize import plain_text
from grokterm.runs.store import Run, find_run
from grokterm.views.comparison import ComparisonJob

Result = TypeVar("Result")


class Confirm(ModalScreen[bool]):
    """A question with two answers: enter agrees, escape stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Stay"),
        Binding("y", "dismiss(True)"),
        Binding("n", "dismiss(False)"),
    ]

    def __init__(self, question: str, agree: str) -> None:
        super().__init__()
        self._question = question
        self._agree = agree

    def compose(self) -> ComposeResult:
        """Compose the question and two buttons."""
        with Vertical(classes="dialog"):
            yield Static(plain_text(self._question), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(self._agree, variant="primary", id="agree", compact=True)
                yield Button("Stay", id="stay", compact=True)

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "agree")


class FieldsDialog(ModalScreen[Result | None], Generic[Result]):
    """A few fields from which `make` builds the result; while it refuses them, the dialog stays and says why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, title: str, fields: dict[str, tuple[str, str]], make: Callable[[dict[str, str]], Result]) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._make = make

    def compose(self) -> ComposeResult:
        """Compose one row a field."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title
            for name, (text, placeholder) in self._fields.items():
                with Horizontal(classes="row"):
                    yield Label(name, classes="name")
                    yield Input(text, placeholder=placeholder, name=name, compact=True)
            yield Static(id="problem", markup=False)
            yield Static("enter does it · tab next field · escape cancels", classes="hint", markup=False)

    @on(Input.Submitted)
    def _do(self) -> None:
        texts = {str(field.name): field.value.strip() for field in self.query(Input)}
        try:
            self.dismiss(self._make(texts))
        except GroktermError as error:
            self.query_one("#problem", Static).update(plain_text(str(error)))


def compare_dialog(run: Run) -> FieldsDialog[ComparisonJob]:
    """Ask for a second network to show beside the present one."""
    fields = {
        "run": (run.name, "a run of this folder, or a path"),
        "step": ("", "its newest checkpoint; 0: before training"),
    }
    return FieldsDialog("put a network beside this one", fields, lambda texts: _comparison(run.path.parent, **texts))


def swap_dialog(experiment: Experiment, operation: str) -> FieldsDialog[Action]:
    """Ask for another training set."""
    fields = {
        "train_fraction": ("", f"share of the table, now {experiment.task.train_fraction:g} at the start"),
        "operation": ("", f"another operation for the same pairs, as in {operation}"),
        "seed": ("", "a number: draw a new split"),
    }
    return FieldsDialog("swap the training set", fields, _swap)


def change_dialog(experiment: Experiment) -> FieldsDialog[Action]:
    """Ask for new values of the live settings."""
    now = {name: _short(experiment.live_value(name)) for name in experiment.live_names()}
    return FieldsDialog(
        "change while training" if now else "nothing of this network can be changed while it trains",
        {name: (value, "") for name, value in now.items()},
        lambda texts: _set(experiment, {name: text for name, text in texts.items() if text != now[name]}),
    )


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _comparison(folder: Path, run: str, step: str) -> ComparisonJob:
    number = step.replace(",", "")
    if number and not number.isdecimal():
        raise ConfigError(f"step must be a whole number, not {step!r}")
    return ComparisonJob(find_run(folder, run), int(number) if number else None)


def _swap(texts: dict[str, str]) -> Action:
    return Swap.from_settings({name: parse_value(text) for name, text in texts.items() if text})


def _set(experiment: Experiment, texts: dict[str, str]) -> Action:
    action = Set.from_settings({"values": {name: parse_value(text) for name, text in texts.items()}})
    experiment.changed(action)
    return action
