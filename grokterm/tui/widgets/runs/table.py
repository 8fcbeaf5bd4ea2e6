"""The list of runs: any number of them, of which only the lines on the screen are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.segment import Segment
from textual.message import Message

from grokterm.plots.palettes import PALETTES, Palette, Role
from grokterm.runs.listing.row import RunRow
from grokterm.tui.widgets.line_table import LineTable
from grokterm.views.runs.columns import Around
from grokterm.views.runs.layout import Placed, arrange, column_at, draw_header, draw_row
from grokterm.views.runs.sorting import Sorting


@dataclass(frozen=True)
class Listing:
    """What the list shows."""

    rows: Sequence[RunRow] = ()
    typical: Sequence[RunRow] = ()  # those that decide the columns, which stay while a filter is typed
    sorting: Sorting = field(default_factory=Sorting)
    marks: Mapping[Path, Role] = field(default_factory=dict)
    around: Around = field(default_factory=lambda: Around(PALETTES["256"], 0.0))
    advice: str = ""  # in the middle, where there are no runs


class RunTable(LineTable[RunRow]):
    """A line for each run below a line of headings, and a cursor."""

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
        self._listing = Listing()
        self._placed: list[Placed] = []

    def show(self, listing: Listing) -> None:
        """List runs."""
        self._listing, self.advice = listing, listing.advice
        self.show_rows(listing.rows)

    def draw_heads(self, palette: Palette) -> list[Segment]:
        """Name the columns."""
        return draw_header(self._placed, replace(self._listing.around, palette=palette), self._listing.sorting)

    def draw_row(self, row: RunRow, palette: Palette) -> list[Segment]:
        """Write a run."""
        around = replace(self._listing.around, palette=palette)
        return draw_row(row, self._placed, around, self._listing.marks.get(row.path))

    def is_same(self, row: RunRow, other: RunRow) -> bool:
        """Tell whether two rows are of one run."""
        return row.path == other.path

    def choose_columns(self) -> bool:
        """Choose the columns that fit."""
        before, self._placed = self._placed, arrange(self._listing.typical, self.size.width, self._listing.sorting.column)
        return self._placed != before

    def moved(self) -> None:
        """Say which run is under the cursor."""
        self.post_message(self.Highlighted(self.row, self._listing.around))

    def head_clicked(self, cell: int) -> None:
        """Sort by a heading."""
        if name := column_at(self._placed, cell):
            self.post_message(self.Sorted(name))

    def chosen(self) -> None:
        """Open the run under the cursor."""
        self.post_message(self.Chosen())
