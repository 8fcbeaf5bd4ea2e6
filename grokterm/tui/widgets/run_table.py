"""The list of runs: any number of them, of which only the lines on the screen are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from grokterm.plots.palettes import PALETTES, Role
from grokterm.runs.listing.row import RunRow
from grokterm.tui.appearance.theme import palette_of
from grokterm.views.runs.columns import Around
from grokterm.views.runs.layout import Placed, arrange, column_at, draw_header, draw_row
from grokterm.views.runs.sorting import Sorting

CURSOR_GROUNDS = {True: Style(bgcolor="color(237)"), False: Style(bgcolor="color(253)")}  # on a dark ground, on a light one


@dataclass(frozen=True)
class Listing:
    """What the list shows."""

    rows: Sequence[RunRow] = ()
    typical: Sequence[RunRow] = ()  # those that decide the columns, which stay while a filter is typed
    sorting: Sorting = field(default_factory=Sorting)
    marks: Mapping[Path, Role] = field(default_factory=dict)
    around: Around = field(default_factory=lambda: Around(PALETTES["256"], 0.0))
    advice: str = ""  # in the middle, where there are no runs


class RunTable(ScrollView, can_focus=True):
    """A line for each run below a line of headings, and a cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Run above", show=False),
        Binding("down,j", "move(1)", "Run below", show=False),
        Binding("pageup", "move(-1, True)", "Page up", show=False),
        Binding("pagedown", "move(1, True)", "Page down", show=False),
        Binding("home", "to(0)", "First run", show=False),
        Binding("end", "to(-1)", "Last run", show=False),
    ]
    ALLOW_SELECT = False

    @dataclass
    class Highlighted(Message):
        """The cursor has moved to a run."""

        row: RunRow | None
        around: Around

    @dataclass
    class Sorted(Message):
        """A heading was clicked."""

        column: str

    class Chosen(Message):
        """A run was clicked twice."""

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.cursor = 0
        self._listing = Listing()
        self._placed: list[Placed] = []
        self._drawn: dict[int, Strip] = {}  # by the line on the screen

    @property
    def row(self) -> RunRow | None:
        """The run under the cursor."""
        rows = self._listing.rows
        return rows[self.cursor] if self.cursor < len(rows) else None

    def show(self, listing: Listing) -> None:
        """List runs, and repaint the lines that look different. The cursor stays on its run; if that has gone, where it is."""
        before = self.row
        columns_before = self._placed
        self._listing = listing
        if before is not None and (self.row is None or self.row.path != before.path):
            at = next((place for place, row in enumerate(listing.rows) if row.path == before.path), self.cursor)
            self.cursor = max(min(at, len(listing.rows) - 1), 0)
        self.virtual_size = Size(self.size.width, len(listing.rows) + 1)
        self._arrange()
        self._follow_cursor()
        if self._placed != columns_before:
            self.refresh()
        else:
            changed = [y for y, strip in self._drawn.items() if self._line(y) != strip]
            self.refresh(*(Region(0, y, self.size.width, 1) for y in changed)) if changed else None
        self.post_message(self.Highlighted(self.row, self._listing.around))

    def render_line(self, y: int) -> Strip:
        """Draw the headings, or a run."""
        self._drawn[y] = strip = self._line(y)
        return strip

    def _line(self, y: int) -> Strip:
        width, around = self.size.width, replace(self._listing.around, palette=palette_of(self))
        if y == 0:
            return self._strip(draw_header(self._placed, around, self._listing.sorting), width, self.rich_style)
        at = y - 1 + self.scroll_offset.y
        if not self._listing.rows and y == self.size.height // 2:
            return self._strip([Segment(self._listing.advice.center(width)[:width])], width, self.rich_style)
        if at >= len(self._listing.rows):
            return Strip.blank(width, self.rich_style)
        row = self._listing.rows[at]
        cells = draw_row(row, self._placed, around, self._listing.marks.get(row.path))
        if at != self.cursor:
            return self._strip(cells, width, self.rich_style)
        if not around.palette.diverging or around.palette.has_16_colors:  # no ground on which all colors can be read
            return self._strip([Segment("".join(one.text for one in cells))], width, self.rich_style + Style(reverse=True))
        cells = [Segment("▌", around.palette.inks["val"].style), *_after_first(cells)]
        return self._strip(cells, width, self.rich_style + CURSOR_GROUNDS[self.app.current_theme.dark])

    def _strip(self, cells: list[Segment], width: int, ground: Style) -> Strip:
        return Strip(cells).apply_style(ground).adjust_cell_length(width, ground)

    def on_resize(self, _: Resize) -> None:
        """Choose the columns that fit."""
        self.virtual_size = Size(self.size.width, len(self._listing.rows) + 1)
        self._arrange()
        self._follow_cursor()
        self.refresh()

    def _arrange(self) -> None:
        self._placed = arrange(self._listing.typical, self.size.width, self._listing.sorting.column)

    def action_move(self, by: int, is_page: bool = False) -> None:  # noqa: FBT001, FBT002 - a binding has no keywords
        """Move the cursor by a run or by a page."""
        self.action_to(max(self.cursor + by * (self.size.height - 2 if is_page else 1), 0))

    def action_to(self, place: int) -> None:
        """Move the cursor to a place, -1 for the last."""
        last = max(len(self._listing.rows) - 1, 0)
        before, self.cursor = self.cursor, last if place < 0 else min(place, last)
        self._follow_cursor()
        for at in {before, self.cursor}:
            self.refresh(Region(0, at + 1 - self.scroll_offset.y, self.size.width, 1))
        if before != self.cursor:
            self.post_message(self.Highlighted(self.row, self._listing.around))

    def _follow_cursor(self) -> None:
        """Scroll to the cursor."""
        room = self.size.height - 1
        top = min(max(self.scroll_offset.y, self.cursor - room + 1), self.cursor)
        if room > 0 and top != self.scroll_offset.y:
            self.scroll_to(y=top, animate=False, immediate=True)

    def on_click(self, event: Click) -> None:
        """Sort by a heading; put the cursor on a run, and open it at the second click."""
        event.stop()
        if event.y == 0:
            if name := column_at(self._placed, event.x):
                self.post_message(self.Sorted(name))
            return
        at = event.y - 1 + self.scroll_offset.y
        if at < len(self._listing.rows):
            self.action_to(at)
            if event.chain == 2:
                self.post_message(self.Chosen())


def _after_first(cells: Sequence[Segment]) -> list[Segment]:
    """Leave out the first cell."""
    first, *others = cells
    return [Segment(first.text[1:], first.style), *others]
