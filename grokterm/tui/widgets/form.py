"""A form with the settings of an experiment, checked at every edit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Collapsible, Input, Label, Select

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.overrides import DECIDE_MODULUS, override
from grokterm.tasks.operations import EXPRESSION, has_own_order
from grokterm.tui.fields import CHOICES, FIRST, FormField, form_fields, without_other_kinds


class ExperimentForm(VerticalScroll):
    """Edits settings; all edits are validated together, so that fields may change in any order."""

    @dataclass
    class Edited(Message):
        """A field was changed: the new experiment, or why it is invalid."""

        experiment: Experiment | None
        problem: str
        notes: Sequence[str] = ()

    @dataclass
    class Explained(Message):
        """A field has the focus."""

        text: str

    def __init__(self, experiment: Experiment) -> None:
        super().__init__(id="form", can_focus=False)
        self.border_title = "experiment"
        self._settings: dict[str, Any] = experiment.settings()
        self.experiment = experiment  # the last valid one
        self.problem = ""  # why the edits are invalid; empty if they are valid
        self._edits: dict[str, str] = {}
        self._fields = {field.name: field for field in form_fields(experiment)}
        self._controls: set[Input | Select[str]] = set()
        self._is_folded: bool | None = None  # the further settings, once they were shown

    def compose(self) -> ComposeResult:
        """Compose a row for each setting, the most important first."""
        for name in FIRST:
            if name in self._fields:
                yield self._row(self._fields[name])
        has_room = self.app.size.height > len(self._fields) + 10
        is_folded = not has_room if self._is_folded is None else self._is_folded
        with Collapsible(title="more settings", collapsed=is_folded):
            for name, field in self._fields.items():
                if name not in FIRST:
                    yield self._row(field)

    async def fill(self, experiment: Experiment) -> None:
        """Show another experiment; the focused field keeps the focus, and what is unfolded stays so."""
        focused = self.screen.focused if self.has_focus_within else None
        self._settings, self.experiment, self._edits, self.problem = experiment.settings(), experiment, {}, ""
        self._fields = {field.name: field for field in form_fields(experiment)}
        for further in self.query(Collapsible):
            self._is_folded = further.collapsed
        self._controls = set()  # a late message of a removed field is no edit
        await self.recompose()
        if focused is not None:
            for control in self._controls:
                if control.name == focused.name:
                    control.focus(scroll_visible=False)

    def _row(self, field: FormField) -> Horizontal:
        control: Select[str] | Input
        if field.choices:
            options = [(choice, choice) for choice in field.choices]
            control = Select(options, value=field.text, allow_blank=False, name=field.name, compact=True)
        else:
            control = Input(field.text, name=field.name, compact=True)
        self._controls.add(control)
        return Horizontal(Label(field.name.replace("_", " "), classes="name"), control, classes="row")

    @on(Input.Changed)
    @on(Select.Changed)
    async def _on_edit(self, event: Input.Changed | Select.Changed) -> None:
        event.stop()
        control = event.control
        name, text = str(control.name), str(event.value)
        if control not in self._controls or text == self._edits.get(name, self._fields[name].text):
            return
        self._edits[name] = text
        if name == "task.operation" and text != EXPRESSION:
            self._edits.pop("task.expression", None)
        if name in DECIDE_MODULUS and has_own_order(self._edits.get("task.operation", self._settings["task"]["operation"])):
            self._edits.pop("task.modulus", None)
        self._edits = without_other_kinds(self._edits)
        self.problem = ""
        notes: tuple[str, ...] = ()
        try:
            overridden = override(self._settings, [f"{key}={value}" for key, value in self._edits.items()])
            self.experiment, notes = overridden.experiment, overridden.notes
        except ConfigError as error:
            self.problem = str(error)
        control.set_class(bool(self.problem), "-invalid")
        if self.problem:
            self.post_message(self.Edited(None, self.problem))
            return
        self.query(".-invalid").remove_class("-invalid")
        self.post_message(self.Edited(self.experiment, "", notes))
        if not CHOICES.keys().isdisjoint(self._edits) or self._shows_what_was_dropped():
            await self.fill(self.experiment)

    def _shows_what_was_dropped(self) -> bool:
        """Tell whether a field still shows what an edit of another has changed, such as an expression without its operation."""
        texts = {field.name: field.text for field in form_fields(self.experiment)}
        return any(
            control.value != texts.get(str(control.name)) for control in self._controls if control.name not in self._edits
        )

    def on_descendant_focus(self) -> None:
        """Explain the focused setting."""
        focused = self.screen.focused
        if focused is not None and focused.name in self._fields:
            self.post_message(self.Explained(self._fields[focused.name].help))
