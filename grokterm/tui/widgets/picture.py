"""A widget that shows rows of styled text."""

from collections.abc import Callable, Hashable

from rich.style import Style
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.theme import palette_of

Draw = Callable[[int, int], Rows]  # (width, height) -> rows

SEGMENT_BYTES = 14  # about what a change of style adds to terminal output


class Picture(Widget):
    """Draws only what is new, repaints only changed lines, and accounts for them in the draw budget."""

    def __init__(self, draw_budget: DrawBudget, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._draw_budget = draw_budget
        self._strips: list[Strip] = []
        self._draw: Draw = lambda width, height: Cells(width, height).rows()
        self._drawn: Hashable = None
        self._caption = ("", "")
        self._ground = Style.null()  # the widget's: it takes longer to look up than a line takes to paint

    @property
    def _palette(self) -> Palette:
        return palette_of(self)

    def offer(self, version: Hashable, draw: Draw) -> bool:
        """Draw, unless this version is shown already; return whether it was drawn."""
        if version == self._drawn or not self.is_on_screen:
            return False
        self._draw, self._drawn = draw, version
        self.redraw()
        return True

    def caption(self, title: str, subtitle: str) -> None:
        """Set title and subtitle, if they differ: Textual repaints the whole widget for them."""
        if (title, subtitle) != self._caption:
            self._caption = (title, subtitle)
            self.border_title, self.border_subtitle = title, subtitle

    def forget(self) -> None:
        """Draw the next offer, whatever its version."""
        self._drawn = None

    def render_line(self, y: int) -> Strip:
        """Return one line of the last drawing."""
        strip = self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)
        # Textual paints a new size before on_resize: a line of the old width would push the border off.
        if not self._ground:
            self._ground = self.rich_style
        return strip.adjust_cell_length(self.size.width).apply_style(self._ground)

    def notify_style_update(self) -> None:
        """Look the style up again."""
        self._ground = Style.null()
        super().notify_style_update()

    def on_resize(self, _: Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def redraw(self) -> None:
        """Draw what was last offered anew: for another size, or in the colors of another theme."""
        width, height = self.size
        before, self._strips = self._strips, [Strip(row, width) for row in self._draw(width, height)]
        changed = [y for y, strip in enumerate(self._strips) if y >= len(before) or strip != before[y]]
        self.refresh(*(Region(0, y, width, 1) for y in changed)) if changed else None
        self._draw_budget.spend(sum(len(segment.text.encode()) + SEGMENT_BYTES for y in changed for segment in self._strips[y]))
