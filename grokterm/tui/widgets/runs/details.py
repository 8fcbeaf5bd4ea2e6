"""The run under the cursor, in full."""

from typing import TYPE_CHECKING

from textual.content import Content
from textual.strip import Strip
from textual.widget import Widget

from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import near
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import Around
from grokterm.views.runs.details import draw_details

if TYPE_CHECKING:
    from grokterm.plots.cells import Rows


class RunDetails(Widget):
    """Some lines on one run."""

    def __init__(self) -> None:
        super().__init__(id="details")
        self._shown: tuple[RunRow, Around] | None = None
        self._lines: Rows = []

    def show(self, row: RunRow | None, around: Around) -> None:
        """Tell of a run."""
        self._shown = None if row is None else (row, around)
        self.border_title = Content("" if row is None else plain_text(row.name))
        self._draw()

    def on_resize(self) -> None:
        """Fill the lines there are now."""
        self._draw()

    def _draw(self) -> None:
        before, self._lines = self._lines, []
        if self._shown is not None:
            row, around = self._shown
            self._lines = draw_details(row, around, near(row.path), *self.size)
        if before != self._lines:
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return a line of the last drawing."""
        cells = self._lines[y] if y < len(self._lines) else []
        return Strip(cells).apply_style(self.rich_style).adjust_cell_length(self.size.width, self.rich_style)
