"""What to compare a training with: a network beside it, and earlier runs on its curves."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Label, SelectionList, Static
from textual.widgets._toggle_button import ToggleButton
from textual.widgets.selection_list import Selection

from grokterm.errors import ConfigError
from grokterm.plots.sanitize import plain_text
from grokterm.runs.finding import find_run
from grokterm.runs.journal import reached_step, read_in_brief
from grokterm.runs.store import Run
from grokterm.tui.screens.dialogs import FieldsDialog
from grokterm.views.comparison import ComparisonJob
from grokterm.views.earlier import MOST_OVERLAYS, EarlierRun, earlier_runs


@dataclass(frozen=True)
class Comparing:
    """What was chosen."""

    overlays: tuple[Path, ...]
    """Runs whose curves are drawn behind."""
    network: ComparisonJob | None = None


class CompareDialog(FieldsDialog[Comparing]):
    """Asks for a network to show beside the present one, and for the runs to draw behind its curves.

    Enter in a field applies both, in the list only the latter.
    """

    @dataclass
    class Read(Message):
        """The runs of the folder were read."""

        found: list[EarlierRun]

    def __init__(self, run: Run, overlaid: Collection[Path]) -> None:
        fields = {
            "run": (run.name, "a run of this folder, or a path"),
            "step": ("", "its newest checkpoint; 0: before training"),
        }
        super().__init__("compare", fields, self._chosen, "A network beside this one:")
        self.accept = _objection
        self._run = run
        self._overlaid = overlaid

    def extra(self) -> ComposeResult:
        """Compose the list of runs, which a thread reads."""
        yield Label(f"Behind the curves: space chooses ({MOST_OVERLAYS} at most), enter draws these", classes="note")
        yield RunList()
        self._read()

    @work(thread=True)
    def _read(self) -> None:
        self.post_message(self.Read(earlier_runs(self._run)))

    @on(Read)
    def _list(self, event: Read) -> None:
        runs = self.query_one(RunList)
        for path, told in event.found:
            name = plain_text(path.name)
            runs.add_option(Selection(Content(f"{name}  {plain_text(told)}"), path, path in self._overlaid))
        runs.display = bool(event.found)
        runs.highlighted = 0 if event.found else None

    @on(SelectionList.SelectionToggled)
    def _at_most(self, event: "SelectionList.SelectionToggled[Path]") -> None:
        if len(event.selection_list.selected) > MOST_OVERLAYS:
            event.selection_list.deselect(event.selection)
            self.query_one("#problem", Static).update(f"at most {MOST_OVERLAYS} runs are drawn: space takes one away")

    def action_overlay(self) -> None:
        """Draw the chosen runs, without a network beside."""
        self.dismiss(Comparing(self._selected))

    @property
    def _selected(self) -> tuple[Path, ...]:
        return tuple(self.query_one(RunList).selected)

    def _chosen(self, texts: dict[str, str]) -> Comparing:
        number = texts["step"].replace(",", "")
        if number and not number.isdecimal():
            raise ConfigError(f"step must be a whole number, not {texts['step']!r}")
        run = find_run(self._run.path.parent, texts["run"])
        return Comparing(self._selected, ComparisonJob(run, int(number) if number else None))


async def _objection(chosen: Comparing) -> str:
    """Say that a run has not come to the step that is asked for, if so: a long journal is read meanwhile."""
    job = chosen.network
    if job is None or job.wanted is None:
        return ""
    reached = reached_step(await asyncio.to_thread(read_in_brief, job.run.journal))
    return "" if job.wanted <= reached else f"run {job.run.name} has reached step {reached:,}, not {job.wanted:,}"


class RunList(SelectionList[Path]):
    """Runs to choose from; enter is left to the dialog."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "screen.overlay", "Apply")]

    def action_cursor_up(self) -> None:
        """Move up; from the first run, to the fields."""
        if self.highlighted:
            super().action_cursor_up()
        else:
            self.screen.focus_previous()

    def render_line(self, y: int) -> Strip:
        """Leave the box of a run that is not chosen empty: Textual tells the two apart by color alone."""
        line, index = super().render_line(y), self.scroll_offset.y + y
        if index >= self.option_count or self.get_option_at_index(index).value in self.selected:
            return line
        inner = ToggleButton.BUTTON_INNER
        return Strip([Segment(" " * len(one.text), one.style) if one.text == inner else one for one in line])
