"""A table of any number of lines, of which only those on the screen are drawn, and a cursor."""

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from grokterm.plots.palettes import Palette
from grokterm.tui.appearance.theme import palette_of

CURSOR_GROUNDS = {True: Style(bgcolor="color(237)"), False: Style(bgcolor="color(253)")}  # on a dark ground, on a light one

Row = TypeVar("Row")


class LineTable(ScrollView, Generic[Row], can_focus=True):
    """A line for each row below a line of headings."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Row above", show=False),
        Binding("down,j", "move(1)", "Row below", show=False),
        Binding("pageup", "move(-1, True)", "Page up", show=False),
        Binding("pagedown", "move(1, True)", "Page down", show=False),
        Binding("home", "to(0)", "First row", show=False),
        Binding("end", "to(-1)", "Last row", show=False),
    ]
    ALLOW_SELECT = False

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.cursor = 0
        self.advice = ""  # in the middle, where there are no rows
        self._rows: Sequence[Row] = ()
        self._drawn: dict[int, Strip] = {}  # by the line on the screen

    @property
    def row(self) -> Row | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self.cursor < len(self._rows) else None

    def draw_heads(self, palette: Palette) -> list[Segment]:
        """Write the headings."""
        raise NotImplementedError

    def draw_row(self, row: Row, palette: Palette) -> list[Segment]:
        """Write a row."""
        raise NotImplementedError

    def is_same(self, row: Row, other: Row) -> bool:
        """Tell whether two rows are of the same thing."""
        raise NotImplementedError

    def choose_columns(self) -> bool:
        """Choose the columns that fit; return whether they are others than before."""
        raise NotImplementedError

    def moved(self) -> None:
        """Do what follows when the cursor is on another row, or that row has changed."""

    def head_clicked(self, cell: int) -> None:
        """Do what follows a click on the headings."""

    def chosen(self) -> None:
        """Do what follows a second click on a row."""

    def show_rows(self, rows: Sequence[Row], *, stays: bool = True) -> None:
        """List rows, and repaint the lines that look different.

        The cursor stays on its row; if that has gone, or it is not to stay there, where it is.
        """
        before, self._rows = self.row if stays else None, rows
        if before is not None and (self.row is None or not self.is_same(self.row, before)):
            at = next((place for place, row in enumerate(rows) if self.is_same(row, before)), self.cursor)
            self.cursor = max(min(at, len(rows) - 1), 0)
        self.virtual_size = Size(self.size.width, len(rows) + 1)
        has_changed = self.choose_columns()
        self._follow_cursor()
        if has_changed:
            self.refresh()
        else:
            changed = [y for y, strip in self._drawn.items() if self._line(y) != strip]
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed)) if changed else None
        self.moved()

    def render_line(self, y: int) -> Strip:
        """Draw the headings, or a row."""
        self._drawn[y] = strip = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        width, palette = self.size.width, palette_of(self)
        if y == 0:
            return self._strip(self.draw_heads(palette), width, self.rich_style)
        at = y - 1 + self.scroll_offset.y
        if not self._rows and y == self.size.height // 2:
            return self._strip([Segment(self.advice.center(width)[:width])], width, self.rich_style)
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        cells = self.draw_row(self._rows[at], palette)
        if at != self.cursor:
            return self._strip(cells, width, self.rich_style)
        if not palette.diverging or palette.has_16_colors:  # no ground on which all colors can be read
            return self._strip([Segment("".join(one.text for one in cells))], width, self.rich_style + Style(reverse=True))
        cells = [Segment("▌", palette.inks["val"].style), *_after_first(cells)]
        return self._strip(cells, width, self.rich_style + CURSOR_GROUNDS[self.app.current_theme.dark])

    def _strip(self, cells: list[Segment], width: int, ground: Style) -> Strip:
        return Strip(cells).apply_style(ground).adjust_cell_length(width, ground)

    def on_resize(self, _: Resize) -> None:
        """Choose the columns that fit."""
        self.virtual_size = Size(self.size.width, len(self._rows) + 1)
        self.choose_columns()
        self._follow_cursor()
        self.refresh()

    def action_move(self, by: int, is_page: bool = False) -> None:  # noqa: FBT001, FBT002 - a binding has no keywords
        """Move the cursor by a row or by a page."""
        self.action_to(max(self.cursor + by * (self.size.height - 2 if is_page else 1), 0))

    def action_to(self, place: int) -> None:
        """Move the cursor to a place, -1 for the last."""
        last = max(len(self._rows) - 1, 0)
        before, self.cursor = self.cursor, last if place < 0 else min(place, last)
        self._follow_cursor()
        for at in {before, self.cursor}:
            self.refresh(Region(0, at + 1 - self.scroll_offset.y, self.size.width, 1))
        if before != self.cursor:
            self.moved()

    def _follow_cursor(self) -> None:
        """Scroll to the cursor."""
        room = self.size.height - 1
        top = min(max(self.scroll_offset.y, self.cursor - room + 1), self.cursor)
        if room > 0 and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)

    def on_click(self, event: Click) -> None:
        """Put the cursor on a row, and choose it at the second click."""
        event.stop()
        if event.y == 0:
            self.head_clicked(event.x)
            return
        at = event.y - 1 + self.scroll_offset.y
        if at < len(self._rows):
            self.action_to(at)
            if event.chain == 2:
                self.chosen()


def _after_first(cells: Sequence[Segment]) -> list[Segment]:
    """Leave out the first cell."""
    first, *others = cells
    return [Segment(first.text[1:], first.style), *others]
