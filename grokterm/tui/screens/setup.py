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
from textual.widgets import Footer, Input, OptionList, Static
from textual.widgets.option_list import Option

from grokterm.errors import PresetError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.presets import Preset, group_presets
from grokterm.plots.sanitize import plain_text
from grokterm.reports.structure import in_line
from grokterm.tui.widgets.form import ExperimentForm


class SetupScreen(Screen[None]):
    """A list of presets that fills a form."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "start", "Start", priority=True, key_display="^s"),
        Binding("tab", "app.focus_next", "Settings"),
        Binding("question_mark", "app.help", "Help"),
        Binding("q", "app.quit", "Quit"),
    ]

    @dataclass
    class Chosen(Message):
        """The user starts an experiment."""

        experiment: Experiment
        preset: str

    def __init__(self, preset: Preset) -> None:
        super().__init__(id="setup")
        self._preset = preset
        self._problem = ""
        self._groups = group_presets()
        self._presets = {known.name: known for group in self._groups.values() for known in group} | {preset.name: preset}

    def compose(self) -> ComposeResult:
        """Compose presets on the left, the form on the right; below them what the operation is, and an explanation."""
        yield Static("grokterm · the terminal laboratory for grokking", id="banner", markup=False)
        with Horizontal():
            picker = OptionList(*self._options(), id="presets", markup=False)
            picker.border_title, picker.border_subtitle = "presets", "enter starts"
            yield picker
            yield ExperimentForm(self._preset.experiment)
        yield Static(id="title", markup=False)
        yield Static(id="structure", markup=False)
        yield Static(id="explanation", markup=False)
        yield Footer()

    def _options(self) -> Iterator[Option]:
        """List the presets under their source, and last a preset from a path."""
        shown = set()
        for source, presets in self._groups.items():
            yield Option(plain_text(source or "other"), disabled=True)
            for preset in presets:
                shown.add(preset.name)
                yield Option(f" {plain_text(preset.name)}", id=preset.name)
        for name in self._presets.keys() - shown:
            yield Option(f" {plain_text(name)}", id=name)

    def on_mount(self) -> None:
        """Highlight the preset of the command line."""
        picker = self.query_one("#presets", OptionList)
        picker.highlighted = picker.get_option_index(self._preset.name)
        picker.focus()
        self._describe()

    @on(OptionList.OptionHighlighted, "#presets")
    async def _move(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_index == event.option_list.highlighted:  # the highlight has not moved on meanwhile
            await self._fill(str(event.option_id))

    @on(OptionList.OptionSelected, "#presets")
    async def _choose(self, event: OptionList.OptionSelected) -> None:
        await self._fill(str(event.option_id))
        self.action_start()

    async def _fill(self, name: str) -> None:
        if name == self._preset.name:
            return
        self._preset, self._problem = self._presets[name], ""
        form = self.query_one(ExperimentForm)
        try:
            await form.fill(self._preset.experiment)
        except PresetError as error:
            self._problem = str(error)
        form.disabled = bool(self._problem)
        self._describe()

    @on(ExperimentForm.Edited)
    def _check(self, event: ExperimentForm.Edited) -> None:
        self._problem = event.problem
        self._show_structure()
        warnings = event.experiment.warnings() if event.experiment else []
        self._explain(event.problem or "; ".join(f"warning: {warning}" for warning in warnings))
        if event.notes:
            self.notify(plain_text("; ".join(event.notes)), title="Changed", markup=False)

    @on(ExperimentForm.Explained)
    def _say(self, event: ExperimentForm.Explained) -> None:
        if not self._problem:
            self._explain(event.text)

    @on(Input.Submitted)
    def action_start(self) -> None:
        """Train the experiment in the form."""
        form = self.query_one(ExperimentForm)
        if problem := self._problem or form.problem:  # the message of the form may still be on its way
            self.notify(plain_text(problem), title="Not started", severity="error", markup=False)
            return
        self.post_message(self.Chosen(form.experiment, self._preset.name))

    def _describe(self) -> None:
        title = self._preset.name if self._problem else self._preset.experiment.title
        self.query_one("#title", Static).update(plain_text(title))
        self._show_structure()
        self._explain(self._problem or self._preset.experiment.source)

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
