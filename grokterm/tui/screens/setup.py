"""The setup: choose an experiment, change it, start it."""

import asyncio
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, Static

from grokterm.experiment.reading.presets import Preset
from grokterm.plots.sanitize import plain_text
from grokterm.tui.widgets.home_banner import HomeBanner
from grokterm.tui.widgets.key_bar import ALL_KEYS, KeyBar, hints_of
from grokterm.tui.widgets.setup.explanation import Explanation
from grokterm.tui.widgets.setup.picker import PresetPicker
from grokterm.tui.widgets.setup.prospect import ProspectPanel

if TYPE_CHECKING:
    from grokterm.runs.naming import Named
    from grokterm.tui.screens.help import Guide
    from grokterm.tui.widgets.setup.form import Draft, ExperimentForm

FORM = "grokterm.tui.widgets.setup.form"
"""Loaded after the first paint, because it takes twice as long as everything that the first paint needs."""

ARROWS_REACH = "#form Input, #form Select, #form CollapsibleTitle, #start"


class SetupScreen(Screen[None]):
    """A list of presets that fills a form. What was changed of one is kept as a draft while others are looked at.

    A slim terminal shows either the list or the form, a spacious one what is known of the preset between them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", key_display="^s", tooltip="start what the form shows, as enter on a preset does"),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="show the presets with these words; escape: all"),
        Binding("tab", "edit", "Settings", priority=True, tooltip="from the presets to the form; in it, the next field"),
        Binding("ctrl+r", "reset", "Reset", key_display="^r", tooltip="take back what was changed of this preset"),
        Binding("R", "app.runs", "Runs", id="runs", tooltip="the runs that are saved, to look at, compare and go on with"),
        Binding("up", "go(-1)", "Previous field", show=False, tooltip="the preset or the field above"),
        Binding("down", "go(1)", "Next field", show=False, tooltip="the preset or the field below"),
        Binding("escape", "back", "Presets", tooltip="back to the presets, all of them"),
        Binding("q", "app.quit", "Quit", id="quit", tooltip="quit; in a text: ctrl+q"),
    ]

    @dataclass
    class Chosen(Message):
        """The user starts an experiment."""

        named: "Named"

    def __init__(self, preset: Preset, runs_dir: Path) -> None:
        super().__init__(id="setup")
        self._preset = preset
        self._form: ExperimentForm | None = None  # until it is loaded
        self._is_awaited = False  # enter was pressed before that
        self._drafts: dict[str, Draft] = {}  # by preset
        self._picker = PresetPicker(preset)
        self._known = ProspectPanel(runs_dir)

    def compose(self) -> ComposeResult:
        """Compose presets on the left, room for the form on the right; below them what starts, the operation, and help."""
        yield HomeBanner("presets")
        with Horizontal(id="body"):
            yield self._picker
            yield self._known
            yield Vertical(id="form")
        with Horizontal(id="starting"):
            yield Button("Start ^s", id="start", compact=True)
            yield Static(plain_text(self._preset.title), id="title", markup=False)
        yield Static(id="structure", markup=False)
        yield self._known.expects
        yield self._known.costs
        yield Explanation(plain_text(self._preset.source))
        yield KeyBar(hints_of(self))

    async def on_mount(self) -> None:
        """Show the form at once when it is loaded, and else after the first paint."""
        self._picker.to_list()
        self.bindings_updated_signal.subscribe(self, lambda _: self._show_keys())
        if FORM in sys.modules:
            await self._show_form()
        else:
            self.call_after_refresh(self.run_worker, self._load_form())

    async def _load_form(self) -> None:
        await asyncio.to_thread(import_module, FORM)
        await self._show_form()

    async def _show_form(self) -> None:
        from grokterm.tui.widgets.setup.form import ExperimentForm

        await self.query_one("#form").remove()
        self._form = ExperimentForm(self._preset)
        await self.query_one("#body").mount(self._form)
        self._describe()
        if self._is_awaited:
            self.action_start()

    def action_back(self) -> None:
        """Go back to the list, the whole of it."""
        self.remove_class("-editing")
        self._picker.clear_filter()
        self._picker.to_list()

    def action_filter(self) -> None:
        """Type what is looked for."""
        self.remove_class("-editing")
        self._picker.to_filter()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Offer to reset a preset while it is changed."""
        del parameters
        return action != "reset" or self._preset.name in self._drafts

    @property
    def guide(self) -> "Guide":
        """What the help says of this screen: first of all of the setting that has the focus."""
        from grokterm.tui.screens.help import keys_of

        field = self._form.focused_field if self._form is not None else None
        keys = {"keys": keys_of(self)}
        return keys if field is None else {field.name: field.guide, **keys}

    @on(PresetPicker.Highlighted)
    async def _move(self, event: PresetPicker.Highlighted) -> None:
        await self._turn_to(event.name)

    @on(PresetPicker.Selected)
    async def _choose(self, event: PresetPicker.Selected) -> None:
        await self._turn_to(event.name)
        self.action_start()

    async def _turn_to(self, name: str) -> None:
        if name == self._preset.name:
            return
        self._keep_draft()
        self._preset = self._picker.presets[name]
        if self._form is not None:
            await self._form.turn_to(self._preset, self._drafts.get(name))
            if self.focused is not None and not self.focused.is_attached:  # a field of before, which would swallow every key
                self.set_focus(None)
                self.call_after_refresh(self._enter_form)
        self._describe()

    def _keep_draft(self) -> None:
        """Keep what was changed of the present preset, and mark it in the list."""
        if self._form is None:
            return
        name, was_changed = self._form.preset.name, self._form.preset.name in self._drafts
        self._drafts.pop(name, None)
        if draft := self._form.draft:
            self._drafts[name] = draft
        if was_changed != (name in self._drafts):
            self._mark(name)

    def _mark(self, name: str) -> None:
        self._picker.mark(name, is_changed=name in self._drafts)
        self.refresh_bindings()
        self._show_keys()

    def _show_keys(self) -> None:
        hints = [hint for hint in hints_of(self) if hint.label != "presets" or not self._picker.list_has_focus]
        self.query_one(KeyBar).hints = (*hints, ALL_KEYS)

    def on_descendant_focus(self) -> None:
        """Show the keys that work there; back at the presets, the source instead of a setting."""
        self._show_keys()
        if self._picker.has_focus_within:
            self._explain((self._form.problem if self._form is not None else "") or self._preset.source)

    def on_experiment_form_edited(self, event: "ExperimentForm.Edited") -> None:
        """Say what would start now, or what is wrong."""
        self._keep_draft()
        self._describe()
        warnings = event.experiment.warnings() if event.experiment else []
        field = self._form.focused_field if self._form is not None else None
        meaning = field.help if field is not None else ""
        self._explain(event.problem or "; ".join(f"warning: {warning}" for warning in warnings) or meaning)
        if event.notes:
            self.notify(plain_text("; ".join(event.notes)), title="Changed", markup=False)

    def on_experiment_form_explained(self, event: "ExperimentForm.Explained") -> None:
        """Explain the setting that has the focus."""
        if self._form is not None and not self._form.problem:
            self._explain(event.text)

    def action_go(self, direction: int) -> None:
        """Move to the next or the previous field; in the filter, to another preset."""
        if self._picker.is_filtering:
            self._picker.move(direction)
        else:
            (self.focus_next if direction > 0 else self.focus_previous)(ARROWS_REACH)

    def action_edit(self) -> None:
        """Go from the list to the form, and in the form to the next field."""
        if self.focused is None or self._picker in self.focused.ancestors:
            self.add_class("-editing")
            self.call_after_refresh(self._enter_form)  # once it is visible
        else:
            self.focus_next()

    def _enter_form(self) -> None:
        self.query("#form Input, #form Select, #start").first().focus()

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Train the experiment in the form."""
        if self._form is None:
            self._is_awaited = True
            return
        if problem := self._form.problem:
            self.notify(plain_text(problem), title="Not started", severity="error", markup=False)
            return
        self._known.stop()
        self._known.forget()  # back from the lab, there is a newer run
        self.post_message(self.Chosen(self._form.named))

    async def action_reset(self) -> None:
        """Drop what was changed of the preset."""
        self._drafts.pop(self._preset.name)
        self._mark(self._preset.name)
        if self._form is not None:
            await self._form.turn_to(self._preset)
        self._describe()

    def _describe(self) -> None:
        """Say what would start, and of which preset the form is."""
        self._show_keys()  # those of this preset
        form, name = self._form, plain_text(self._preset.name)
        title, problem = self._preset.title, ""
        if form is not None:
            is_changed, problem = self._preset.name in self._drafts, form.problem
            form.border_title, form.border_subtitle = Content(f"{name}{'*' * is_changed}"), "^r resets" if is_changed else ""
            title = name if problem else form.named.experiment.title
            self.query_one("#structure", Static).update(form.structure)
        self.query_one("#title", Static).update(plain_text(title))
        self._explain(problem or self._preset.source)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Show what is known of the experiment in the form."""
        form = self._form
        if form is None or form.problem:
            self._known.show(None)
        else:
            self._known.show(form.named, form.structure)

    def on_resize(self) -> None:
        """Draw the curve of the newest run for the new width."""
        self._look_ahead()

    def on_screen_resume(self) -> None:
        """Find out what is not known yet: of the newest run, after a training."""
        self._look_ahead()

    def _explain(self, text: str) -> None:
        explanation = self.query_one(Explanation)
        explanation.text = plain_text(text)
        explanation.set_class(self._form is not None and bool(self._form.problem), "-problem")
