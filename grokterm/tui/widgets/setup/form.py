"""A form with the settings of an experiment, checked at every edit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Collapsible, Input, Label, Select

from grokterm.errors import ConfigError, PresetError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.overrides import DECIDE_MODULUS, override
from grokterm.experiment.reading.presets import Preset
from grokterm.reports.structure import in_line
from grokterm.runs.naming import Named, named
from grokterm.tasks.operations import EXPRESSION, MADE_OF, has_own_order
from grokterm.tui.widgets.setup.fields import FIRST, FormField, form_fields, kinds, without_other_kinds
from grokterm.tui.widgets.text_field import SettingField

TALL = 40  # lines of a terminal that shows the further settings unfolded


@dataclass(frozen=True)
class Draft:
    """A changed form, valid or not: what its fields were filled with, and the texts that differ from it."""

    base: Experiment
    edits: Mapping[str, str]


class Choice(Select[str], inherit_bindings=False):
    """A list of values; the arrows are left to the form, to move between its fields."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter,space", "show_overlay", "Show menu", show=False)]


class ExperimentForm(VerticalScroll, inherit_bindings=False):
    """Edits a preset; all edits are validated together, so that fields may change in any order.

    A preset that breaks a rule has no fields, and the form is disabled.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
    ]

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

    def __init__(self, preset: Preset) -> None:
        super().__init__(id="form", can_focus=False)
        self._is_folded: bool | None = None  # the further settings, once they were shown
        self._turn_to(preset, None)

    def _turn_to(self, preset: Preset, draft: Draft | None) -> None:
        self.preset = preset
        try:
            usual = preset.experiment
        except PresetError as error:
            self._show(Experiment(), {})
            self.problem = str(error)
            self._fields.clear()
        else:
            self._show(draft.base if draft else usual, draft.edits if draft else {})
        self.disabled = not self._fields

    def _show(self, experiment: Experiment, edits: Mapping[str, str]) -> None:
        self._base = self.experiment = experiment  # the last valid one
        self._settings: dict[str, Any] = experiment.settings()
        self.problem = ""  # why the edits are invalid; empty if they are valid
        self._edits = dict(edits)
        self._fields = {field.name: field for field in form_fields(experiment)}
        self._texts = {name: field.text for name, field in self._fields.items()} | self._edits  # those that were heard of
        self._controls: set[Input | Select[str]] = set()  # a late message of a removed field is no edit
        if edits:
            self._apply()

    def compose(self) -> ComposeResult:
        """Compose a row for each setting, the most important first."""
        for name in FIRST:
            if name in self._fields:
                yield self._row(self._fields[name])
        has_room = self.app.size.height >= TALL
        is_folded = not has_room if self._is_folded is None else self._is_folded
        if self._fields:
            yield Collapsible(*(() if is_folded else self._further_rows()), title="more settings", collapsed=is_folded)

    def _further_rows(self) -> list[Horizontal]:
        return [self._row(field) for name, field in self._fields.items() if name not in FIRST]

    @on(Collapsible.Expanded)
    async def _unfold(self, event: Collapsible.Expanded) -> None:
        """Make the further fields when they are first wanted: they would take most of the time until the form is shown."""
        further, contents = event.collapsible, event.collapsible.query_one(Collapsible.Contents)
        if further.is_attached and not contents.children:
            await contents.mount_all(self._further_rows())
            further.scroll_visible()

    @property
    def draft(self) -> Draft | None:
        """What the fields show, also where the message of an edit is still on its way; None if it is the preset."""
        texts = self._edits | {str(control.name): str(control.value) for control in self._controls}
        edits = {name: text for name, text in texts.items() if text != self._fields[name].text}
        is_changed = bool(self._fields) and (bool(edits) or self._base != self.preset.experiment)
        return Draft(self._base, edits) if is_changed else None

    @property
    def named(self) -> Named:
        """What would start."""
        return named(self.experiment, self.preset)

    @property
    def structure(self) -> str:
        """What the operation is, in a line; nothing while the edits are invalid."""
        return "" if self.problem else in_line(self.experiment.task.structure(self.experiment.seed))

    async def turn_to(self, preset: Preset, draft: Draft | None = None) -> None:
        """Show another preset, as it was left in a draft."""
        self._turn_to(preset, draft)
        await self._rebuild()

    async def _rebuild(self) -> None:
        """Make new fields; the focused one keeps the focus, and what is unfolded stays so."""
        focused = self.screen.focused if self.has_focus_within else None
        for further in self.query(Collapsible):
            self._is_folded = further.collapsed
        await self.recompose()
        if focused is not None:
            for control in self._controls:
                if control.name == focused.name:
                    control.focus(scroll_visible=False)

    def _row(self, field: FormField) -> Horizontal:
        control: Select[str] | Input
        text = self._edits.get(field.name, field.text)
        if field.choices:
            control = Choice(
                [(choice, choice) for choice in field.choices], value=text, allow_blank=False, name=field.name, compact=True
            )
        else:
            control = SettingField(text, name=field.name, compact=True)
        self._controls.add(control)
        return Horizontal(Label(field.name, classes="name", markup=False), control, classes="row")

    @on(Input.Changed)
    @on(Select.Changed)
    async def _on_edit(self, event: Input.Changed | Select.Changed) -> None:
        event.stop()
        control = event.control
        name, text = str(control.name), str(event.value)
        if control not in self._controls:
            return
        self._texts[name] = text
        if text == self._edits.get(name, self._fields[name].text):
            return
        self._edits[name] = text
        if name == "task.operation" and text != EXPRESSION:
            self._edits.pop("task.expression", None)
        chosen = self._choose_operation(name) if text else []
        if name in DECIDE_MODULUS and has_own_order(self._edits.get("task.operation", self._settings["task"]["operation"])):
            self._edits.pop("task.modulus", None)
        self._edits = without_other_kinds(self._edits)
        notes = (*chosen, *self._apply())
        control.set_class(bool(self.problem), "-invalid")
        if self.problem:
            self.post_message(self.Edited(None, self.problem, chosen))
            return
        self.query(".-invalid").remove_class("-invalid")
        self.post_message(self.Edited(self.experiment, "", notes))
        if not kinds().keys().isdisjoint(self._edits) or self._shows_what_was_dropped():
            self._show(self.experiment, {})
            await self._rebuild()

    def _choose_operation(self, name: str) -> list[str]:
        """Choose the operation that is made of this setting, if one is; say so."""
        operation = next((one for one, made_of in MADE_OF.items() if name == f"task.{made_of}"), None)
        if operation is None or operation == self._edits.get("task.operation", self._settings["task"]["operation"]):
            return []
        self._edits["task.operation"] = operation
        for control in self._controls:
            if control.name == "task.operation":
                control.value = operation
        return [f"task.operation is now {operation}"]

    def _apply(self) -> tuple[str, ...]:
        """Make the experiment of the edits, or say why they are invalid; return what followed from them."""
        self.problem = ""
        try:
            overridden = override(self._settings, [f"{key}={value}" for key, value in self._edits.items()])
        except ConfigError as error:
            self.problem = str(error)
            return ()
        self.experiment = overridden.experiment
        return overridden.notes

    def _shows_what_was_dropped(self) -> bool:
        """Tell whether a field still shows what an edit of another has changed, such as an expression without its operation."""
        texts = {field.name: field.text for field in form_fields(self.experiment)}
        return any(text != texts.get(name) for name, text in self._texts.items() if name not in self._edits)

    @property
    def focused_field(self) -> FormField | None:
        """The setting under the cursor."""
        focused = self.screen.focused if self.has_focus_within else None
        return None if focused is None else self._fields.get(str(focused.name))

    def on_descendant_focus(self) -> None:
        """Explain the focused setting."""
        if (field := self.focused_field) is not None:
            self.post_message(self.Explained(field.help))
