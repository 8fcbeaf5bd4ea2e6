"""The first line of a sweep's screen, and the one above its keys."""

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget

from grokterm.plots.sanitize import plain_text
from grokterm.tui.widgets.one_line import Part, one_line

GAP = 3


class SweepLine(Widget):
    """Parts side by side, of which those that do not fit are left out whole."""

    parts: reactive[tuple[Part, ...]] = reactive(())

    def render(self) -> Text:
        """Leave out what does not fit."""
        printable = (one._replace(texts=tuple(map(plain_text, one.texts))) for one in self.parts)
        return one_line(printable, self.size.width, GAP)
