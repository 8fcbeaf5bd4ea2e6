"""Two saved runs side by side."""

from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from grokterm.errors import GroktermError
from grokterm.plots.axis import Scale
from grokterm.plots.sanitize import plain_text
from grokterm.runs.listing.row import RunRow
from grokterm.runs.store import Run
from grokterm.tui.appearance.theme import palette_of
from grokterm.tui.widgets.key_bar import KeyBar, hints_of
from grokterm.tui.widgets.runs.curves import RunCurves, Wanted
from grokterm.views.runs.side_by_side import differing_settings, side_by_side


class RunComparison(Screen[tuple[Path, Path]]):
    """The settings in which two runs differ, what they reached, and the curves of the second behind those of the first."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "open", "Lab with both", tooltip="open the lab on the first run, and the second beside it in any view"
        ),
        Binding("tab", "swap", "Swap", tooltip="let the other be the first"),
        Binding("x", "scale", "Log-x", tooltip="steps on a logarithmic or a linear axis"),
        Binding("up", "scroll(-1)", "Up", show=False, tooltip="scroll the settings"),
        Binding("down", "scroll(1)", "Down", show=False, tooltip="scroll the settings"),
        Binding("escape", "dismiss(None)", "Back", tooltip="back to the runs; so does c"),
        Binding("c", "dismiss(None)", "Back", show=False, tooltip="back to the runs"),
        Binding("q", "app.quit", "Quit", id="quit", tooltip="quit"),
    ]

    def __init__(self, first: RunRow, second: RunRow, x_scale: Scale) -> None:
        super().__init__(id="comparison")
        self._rows = first, second
        self._curves = RunCurves(x_scale)

    def compose(self) -> ComposeResult:
        """Compose what differs, and the curves."""
        yield Static("grokterm · two runs", id="banner", markup=False)
        with Horizontal(id="sides"):
            with VerticalScroll(id="differing", can_focus=False):
                yield Static(id="pairs", markup=False)
            yield self._curves
        yield KeyBar(hints_of(self))

    def on_mount(self) -> None:
        """Show both."""
        self._show()

    def _show(self) -> None:
        first, second = self._rows
        try:
            settings = differing_settings(Run(first.path), Run(second.path))
        except GroktermError as error:
            self.notify(plain_text(str(error)), severity="warning", markup=False)
            settings = []
        self.query_one("#pairs", Static).update(side_by_side(first, second, settings, palette_of(self)))
        self._curves.look_at(Wanted(first.path, (second.path,), first.step))

    def action_swap(self) -> None:
        """Let the second be the first."""
        self._rows = self._rows[::-1]
        self._show()

    def action_scroll(self, by: int) -> None:
        """Scroll what does not fit."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)

    def action_scale(self) -> None:
        """Switch the axis of steps between logarithmic and linear."""
        self._curves.x_scale = "linear" if self._curves.x_scale == "log" else "log"
        self._curves.draw_found()

    def action_open(self) -> None:
        """Open the lab on both."""
        first, second = self._rows
        self.dismiss((first.path, second.path))
