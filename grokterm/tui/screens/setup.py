"""The setup: choose an experiment, change it, start it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Button, OptionList, Static
from textual.widgets.option_list import Option

from grokterm.errors import PresetError
from grokterm.experiment.presets import Preset, group_presets
from grokterm.plots.sanitize import plain_text
from grokterm.reports.structure import in_line
from grokterm.runs.naming import Named, named
from grokterm.tui.widgets.form import Draft, ExperimentForm
from grokterm.tui.widgets.key_bar import KeyBar, hints_of

ARROWS_REACH = "#form Input, #form Select, #form CollapsibleTitle, #start"


class SetupScreen(Screen[None]):
    """A list of presets that fills a form. What was changed of one is kept as a draft while others are looked at."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", key_display="^s"),
        Binding("ctrl+r", "reset", "Reset to the preset", key_display="^r"),
        Binding("tab", "app.focus_next", "Settings"),
        Binding("up", "go(-1)", "Previous field", show=False),
        Binding("down", "go(1)", "Next field", show=False),
        Binding("q", "app.quit", "Quit"),
    ]

    @dataclass
    class Chosen(Message):
        """The user starts an experiment."""

        named: Named

    def __init__(self, preset: Preset) -> None:
        super().__init__(id="setup")
        self._preset = preset
        self._problem = ""
        self._drafts: dict[str, Draft] = {}  # by preset
        self._groups = group_presets()
        self._presets = {known.name: known for group in self._groups.values() for known in group} | {preset.name: preset}

    def compose(self) -> ComposeResult:
        """Compose presets on the left, the form on the right; below them what starts, what the operation is, and help."""
        yield Static("grokterm · the terminal laboratory for grokking", id="banner", markup=False)
        with Horizontal():
            picker = OptionList(*self._options(), id="presets", markup=False)
            picker.border_title, picker.border_subtitle = "presets", "enter starts"
            yield picker
            yield ExperimentForm(self._preset.experiment)
        with Horizontal(id="starting"):
            yield Button("Start ^s", id="start", compact=True)
            yield Static(id="title", markup=False)
        yield Static(id="structure", markup=False)
        yield Static(id="explanation", markup=False)
        yield KeyBar(hints_of(self))

    def _options(self) -> Iterator[Option]:
        """List the presets under their source, and last a preset from a path."""
        shown = set()
        for source, presets in self._groups.items():
            yield Option(plain_text(source or "other"), disabled=True)
            for preset in presets:
                shown.add(preset.name)
                yield Option(self._label(preset.name), id=preset.name)
        for name in self._presets.keys() - shown:
            yield Option(self._label(name), id=name)

    def _label(self, name: str) -> str:
        return f" {plain_text(name)}{'*' if name in self._drafts else ''}"

    def on_mount(self) -> None:
        """Highlight the preset of the command line."""
        picker = self.query_one("#presets", OptionList)
        picker.highlighted = picker.get_option_index(self._preset.name)
        picker.focus()
        self._describe()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Offer to reset a preset while it is changed."""
        del parameters
        return action != "reset" or self._preset.name in self._drafts

    @on(OptionList.OptionHighlighted, "#presets")
    async def _move(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index == event.option_list.highlighted:  # the highlight has not moved on meanwhile
            await self._turn_to(str(event.option_id))

    @on(OptionList.OptionSelected, "#presets")
    async def _choose(self, event: OptionList.OptionSelected) -> None:
        await self._turn_to(str(event.option_id))
        self.action_start()

    async def _turn_to(self, name: str) -> None:
        if name != self._preset.name:
            self._keep_draft()
            self._preset = self._presets[name]
            await self._fill()

    async def _fill(self) -> None:
        form, draft, self._problem = self.query_one(ExperimentForm), self._drafts.get(self._preset.name), ""
        try:
            experiment = self._preset.experiment
            await (form.fill(draft.base, draft.edits) if draft else form.fill(experiment))
            self._problem = form.problem
        except PresetError as error:
            self._problem = str(error)
            form.disabled = True
        else:
            form.disabled = False
        self._describe()

    def _keep_draft(self) -> None:
        """Keep what was changed of the present preset, and mark it in the list."""
        form, name = self.query_one(ExperimentForm), self._preset.name
        if form.disabled:
            return
        draft, was_changed = form.draft, name in self._drafts
        self._drafts.pop(name, None)
        if draft.edits or draft.base != self._preset.experiment:
            self._drafts[name] = draft
        if was_changed != (name in self._drafts):
            self.query_one("#presets", OptionList).replace_option_prompt(name, self._label(name))
            self.refresh_bindings()

    @on(ExperimentForm.Edited)
    def _check(self, event: ExperimentForm.Edited) -> None:
        self._problem = event.problem
        self._keep_draft()
        self._show_title()
        self._show_structure()
        warnings = event.experiment.warnings() if event.experiment else []
        self._explain(event.problem or "; ".join(f"warning: {warning}" for warning in warnings))
        if event.notes:
            self.notify(plain_text("; ".join(event.notes)), title="Changed", markup=False)

    @on(ExperimentForm.Explained)
    def _say(self, event: ExperimentForm.Explained) -> None:
        if not self._problem:
            self._explain(event.text)

    @on(ExperimentForm.Left)
    def _go_on(self) -> None:
        self.action_go(1)

    def action_go(self, direction: int) -> None:
        """Move to the next or the previous field."""
        (self.focus_next if direction > 0 else self.focus_previous)(ARROWS_REACH)

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Train the experiment in the form."""
        form = self.query_one(ExperimentForm)
        if problem := self._problem or form.problem:  # the message of the form may still be on its way
            self.notify(plain_text(problem), title="Not started", severity="error", markup=False)
            return
        self.post_message(self.Chosen(named(form.experiment, self._preset)))

    async def action_reset(self) -> None:
        """Drop what was changed of the preset."""
        self._drafts.pop(self._preset.name)
        self.query_one("#presets", OptionList).replace_option_prompt(self._preset.name, self._label(self._preset.name))
        self.refresh_bindings()
        await self._fill()

    def _describe(self) -> None:
        self._show_title()
        self._show_structure()
        self._explain(self._problem or self._preset.experiment.source)

    def _show_title(self) -> None:
        """Say what would start, and of which preset the form is."""
        form, name = self.query_one(ExperimentForm), plain_text(self._preset.name)
        is_changed = self._preset.name in self._drafts
        form.border_title, form.border_subtitle = f"{name}{'*' * is_changed}", "^r resets" if is_changed else ""
        title = name if self._problem else named(form.experiment, self._preset).experiment.title
        self.query_one("#title", Static).update(plain_text(title))

    def _show_structure(self) -> None:
        """Say what the operation in the form is; nothing while the form is invalid."""
        experiment = self.query_one(ExperimentForm).experiment
        self.query_one("#structure", Static).update(
            "" if self._problem else in_line(experiment.task.structure(experiment.seed))
        )

    def _explain(self, text: str) -> None:
        explanation = self.query_one("#explanation", Static)
        explanation.update(plain_text(text))
        explanation.set_class(bool(self._problem), "-problem")
