"""A widget that shows rows of segments."""

from collections.abc import Callable, Hashable

from rich.segment import Segment
from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from grokterm.plots.cells import Cells, Rows
from grokterm.tui.draw_budget import DrawBudget

Draw = Callable[[int, int], Rows]
"""(width, height) -> rows."""

SEGMENT_BYTES = 14
"""What a change of style costs on the wire, about."""


class Picture(Widget):
    """Draws when there is something new, which the draw_budget learns; repaints only the lines that changed."""

    def __init__(self, draw_budget: DrawBudget, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._draw_budget = draw_budget
        self._strips: list[Strip] = []
        self._draw: Draw = lambda width, height: Cells(width, height).rows()
        self._drawn: Hashable = None
        self._caption = ("", "")
        self._ground = Style.null()
        """Style of the widget under every line; it takes longer to find than a line takes to paint."""

        self._is_ground_known = False

    def offer(self, version: Hashable, draw: Draw) -> bool:
        """Take what is to be shown; return whether it was drawn, because it differs from what is shown."""
        if version == self._drawn or not self.is_on_screen:
            return False
        self._draw, self._drawn = draw, version
        self._redraw()
        return True

    def caption(self, title: str, subtitle: str) -> None:
        """Say what is shown; setting a border's text repaints the whole widget, so it is set only where it changes."""
        if (title, subtitle) != self._caption:
            self._caption = (title, subtitle)
            self.border_title, self.border_subtitle = title, subtitle

    def forget(self) -> None:
        """Take the next offer for new, whatever its version: it is of another run."""
        self._drawn = None

    def render_line(self, y: int) -> Strip:
        """Return one line, as drawn last."""
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
        # A new size is painted before anyone is told of it: a line of the old one would push the border off.
        if not self._is_ground_known:
            self._ground, self._is_ground_known = self.rich_style, True
        return strip.adjust_cell_length(self.size.width).apply_style(self._ground)

    def notify_style_update(self) -> None:
        """Find the style anew."""
        self._is_ground_known = False
        super().notify_style_update()

    def on_resize(self, _: Resize) -> None:
        """Draw anew for another size."""
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.size
        before, self._strips = self._strips, [Strip(row, width) for row in self._draw(width, height)]
        changed = [y for y, strip in enumerate(self._strips) if y >= len(before) or strip != before[y]]
        self.refresh(*(Region(0, y, width, 1) for y in changed)) if changed else None
        self._draw_budget.spend(sum(_wire_size(list(self._strips[y])) for y in changed))


def _wire_size(segments: list[Segment]) -> int:
    return sum(len(segment.text.encode()) + SEGMENT_BYTES for segment in segments)
