"""Small dialogs over the lab."""

import asyncio
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import DescendantFocus
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Label, Static

from grokterm.errors import ConfigError, GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.idle import idle_settings
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.toml import parse_value
from grokterm.plots.sanitize import plain_text
from grokterm.runs.branching import SWAPPED, plan_branch
from grokterm.runs.store import Run
from grokterm.session.commands import Command, GoOn
from grokterm.session.state import LabState
from grokterm.tui.screens.help import Guide
from grokterm.tui.widgets.explanation import Explanation
from grokterm.tui.widgets.fields import form_fields
from grokterm.tui.widgets.text_field import TextField

Result = TypeVar("Result")


Answer = TypeVar("Answer")


class Question(ModalScreen[Answer]):
    """A question, which can be written again while it is asked."""

    def __init__(self, question: str) -> None:
        super().__init__()
        self.question = Static(plain_text(question), markup=False)

    def ask(self, question: str) -> None:
        """Write it again."""
        self.question.update(plain_text(question))


class Confirm(Question[bool]):
    """A question with two answers: enter agrees, unless that is to be thought over, and escape stays."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "dismiss(True)", "Agree"),
        Binding("n,escape", "dismiss(False)", "Stay"),
    ]

    def __init__(self, question: str, agree: str, stay: str = "Stay", *, is_grave: bool = False) -> None:
        super().__init__(question)
        self._agree, self._stay = agree, stay
        self._is_grave = is_grave

    def compose(self) -> ComposeResult:
        """Compose the question and two buttons."""
        with Vertical(classes="dialog"):
            yield self.question
            with Horizontal(classes="buttons"):
                yield Button(self._agree, variant="primary", id="agree", compact=True)
                yield Button(self._stay, id="stay", compact=True)

    def on_mount(self) -> None:
        """Let enter press the button that is safe to press in passing."""
        self.query_one("#stay" if self._is_grave else "#agree").focus()

    @on(Button.Pressed)
    def _answer(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "agree")


class Waiting(ModalScreen[None]):
    """Says what is waited for; no key does anything meanwhile."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Compose the text."""
        with Vertical(classes="dialog"):
            yield Static(plain_text(self._text), markup=False)


class FieldsDialog(ModalScreen[Result | None], Generic[Result]):
    """A few fields from which `make` builds the result; while it refuses them, the dialog stays and says why.

    `note` is a line above them, `meanings` explain those that need it while they have the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(
        self,
        title: str,
        fields: dict[str, tuple[str, str]],
        make: Callable[[dict[str, str]], Result],
        note: str = "",
        meanings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__()
        self._title = title
        self._fields = fields
        self._make = make
        self._note = note
        self._meanings = meanings

    def compose(self) -> ComposeResult:
        """Compose one row a field."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = self._title
            if self._note:
                yield Static(self._note, classes="note", markup=False)
            with VerticalScroll(classes="fields -noted" if self._note else "fields", can_focus=False):
                for name, (text, placeholder) in self._fields.items():
                    with Horizontal(classes="row"):
                        yield Label(name.rpartition(".")[2], classes="name", markup=False)
                        yield TextField(text, placeholder=placeholder, name=name, compact=True)
            if self._meanings:
                yield Explanation("")
            yield from self.extra()
            yield Static(id="problem", markup=False)
            yield Static("enter applies · tab, down: next · escape cancels", classes="hint", markup=False)

    @property
    def guide(self) -> Guide:
        """What the help says of this dialog."""
        keys = [("enter", "apply"), ("tab, down", "go to the next field"), ("escape", "cancel, and change nothing")]
        return {"keys": keys, **({"settings": list(self._meanings.items())} if self._meanings else {})}

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Explain the field under the cursor."""
        for explanation in self.query(Explanation):
            name = str(event.widget.name)
            explanation.text = f"{name}: {self._meanings[name]}" if name in self._meanings else ""

    def extra(self) -> ComposeResult:
        """Compose what a dialog has below its fields."""
        yield from ()

    def show_step(self, step: int) -> None:
        """Say in the title at which step the training is held."""
        for dialog in self.query(".dialog"):
            dialog.border_title = f"{self._title} at step {step:,}"

    def action_go(self, direction: int) -> None:
        """Move to the next or the previous field."""
        (self.focus_next if direction > 0 else self.focus_previous)()

    @on(Input.Submitted)
    async def _do(self) -> None:
        for field in self.query(Input):
            typed = asyncio.Event()
            if field.call_later(typed.set):  # after the keys that are still on their way to it
                await typed.wait()
        if not self.is_current:  # a second enter
            return
        texts = {str(field.name): field.value.strip() for field in self.query(Input)}
        try:
            self.dismiss(self._make(texts))
        except GroktermError as error:
            problem = self.query_one("#problem", Static)
            problem.update(plain_text(str(error)))
            self.call_after_refresh(problem.scroll_visible, animate=False)


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
