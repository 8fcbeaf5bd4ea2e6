"""The runs of a folder: find, sort and mark them, write to them, and open one."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from grokterm.errors import GroktermError
from grokterm.plots.axis import Scale
from grokterm.plots.sanitize import plain_text
from grokterm.runs.command_line import near
from grokterm.runs.listing.row import RunRow
from grokterm.tui.appearance.theme import palette_of
from grokterm.tui.control.reading import Reading, RunReader
from grokterm.tui.control.writing import RunWriter
from grokterm.tui.screens.run_comparison import RunComparison
from grokterm.tui.widgets.home_banner import HomeBanner
from grokterm.tui.widgets.key_bar import ALL_KEYS, Hint, KeyBar, hints_of
from grokterm.tui.widgets.runs.curves import RunCurves, Wanted
from grokterm.tui.widgets.runs.details import RunDetails
from grokterm.tui.widgets.runs.table import Listing, RunTable
from grokterm.views.runs.columns import Around
from grokterm.views.runs.selection import Selection
from grokterm.views.runs.sorting import Sorting, Speeds

if TYPE_CHECKING:
    from textual.timer import Timer

MOST_MEASURED = 1000  # runs, the newest, whose texts decide how wide columns are
OF_RUNS = {"open", "mark", "sort", "reverse", "compare", "pin", "tag", "note", "delete", "scale"}
"""Actions that need a run in the list."""

FILTERING = (Hint("to the list", [("enter", "enter")]), Hint("all runs", [("escape", "escape")]))
"""What keys do while a filter is typed."""

ROOMY = 30, 100  # lines and columns from which curves are shown


class RunsScreen(Screen[None]):
    """A list of runs; below it the one under the cursor in full, and where there is room its curves and those of the marked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter",
            "open",
            "Open",
            tooltip="open the lab on the run under the cursor, or the screen of a sweep; one that trains is watched",
        ),
        Binding("slash", "filter", "Filter", key_display="/", tooltip="type what is looked for: op:add wd>1 grokked"),
        Binding("space", "mark", "Mark", tooltip="mark the run: its curves are drawn behind those of the one under the cursor"),
        Binding("s", "sort(1)", "Sort", tooltip="sort by the next column, as a click on its heading does; also left and right"),
        Binding("S", "reverse", "Reverse", show=False, tooltip="sort the other way round"),
        Binding("c", "compare", "Compare", tooltip="compare two marked runs, or the marked one with that under the cursor"),
        Binding("o", "overlay", "Overlay", tooltip="draw the marked runs behind the curves of the lab; without marks none"),
        Binding("p", "pin", "Pin", tooltip="keep the run above all others, or no longer; of marked ones, all"),
        Binding("t", "tag", "Tag", tooltip="write the tags of the run; to marked ones, add some"),
        Binding("n", "note", "Note", tooltip="write a note to the run, of one line"),
        Binding("D", "delete", "Delete", tooltip="move the run, or those that are marked, to the trash, which asks first"),
        Binding("x", "scale", "Log-x", show=False, tooltip="steps of the curves on a logarithmic or a linear axis"),
        Binding("R", "back", "Back", id="runs", tooltip="back to what was there before, as escape"),
        Binding("escape", "back", "Back", show=False, tooltip="clear the filter, or else back"),
        Binding("up", "move(-1)", "Run above", show=False, tooltip="the run above, also while something is typed"),
        Binding("down", "move(1)", "Run below", show=False, tooltip="the run below"),
        Binding("right", "sort(1)", "Next column", show=False, tooltip="sort by the next column"),
        Binding("left", "sort(-1)", "Previous column", show=False, tooltip="sort by the column before"),
        Binding("q", "app.quit", "Quit", id="quit", tooltip="quit; in a text: ctrl+q"),
    ]

    @dataclass
    class Opened(Message):
        """A run is to be opened in the lab, maybe with another beside it."""

        path: Path
        beside: Path | None = None

    @dataclass
    class SweepOpened(Message):
        """A sweep is to be shown."""

        path: Path

    @dataclass
    class Overlaid(Message):
        """These runs are to be drawn behind the curves of the lab."""

        paths: tuple[Path, ...]

    @dataclass
    class Read(Message):
        """The folder was read, or is so far as this."""

        reading: Reading

    def __init__(self, folder: Path, x_scale: Scale, opened: Callable[[], Collection[Path]]) -> None:
        super().__init__(id="browser")
        self._reader = RunReader(folder)
        self._selection = Selection()
        self._speeds = Speeds()
        self._emptiness = "reading"  # why nothing is listed
        self._progress = ""  # of a long reading
        self._is_empty = False  # as far as is known
        self._refusal = ""  # what is wrong with the filter
        self._next: Timer | None = None
        self._filter = Input(placeholder="/ to filter: op:add wd>1 grokked", id="filter", compact=True)
        self._table, self._details, self._curves = RunTable(), RunDetails(), RunCurves(x_scale)
        self._writer = RunWriter(self, self._read, opened)

    def compose(self) -> ComposeResult:
        """Compose the list, and below it what is known of the run under the cursor."""
        yield HomeBanner("runs")
        with Vertical(id="listing"):
            yield self._filter
            yield self._table
        with Horizontal(id="looked-at"):
            yield self._details
            yield self._curves
        yield KeyBar()

    def on_mount(self) -> None:
        """Let the keys act on the list."""
        self.query_one("#listing").border_title = "runs"
        self._table.focus()
        self._show()

    def on_resize(self) -> None:
        """Show the curves where there is room."""
        lines, columns = ROOMY
        self.set_class(self.size.height >= lines and self.size.width >= columns, "-roomy")

    def on_screen_resume(self) -> None:
        """Read the folder again and again while it is looked at."""
        self._read()

    def on_screen_suspend(self) -> None:
        """Leave the folder alone."""
        if self._next is not None:
            self._next.stop()

    @work(thread=True, exclusive=True, group="rows")
    def _read(self) -> None:
        self._reader.read(lambda reading: self.post_message(self.Read(reading)))

    @on(Read)
    def _list(self, event: Read) -> None:
        reading = event.reading
        self._progress = reading.progress
        self._is_empty = reading.rest is not None and not reading.problem
        self._emptiness = reading.problem or (f"no runs in {near(self._reader.folder)}" if self._is_empty else "reading")
        if reading.rows is not self._selection.rows:
            self._selection.read(reading.rows)
        if reading.rest is not None:  # rows that are not checked may tell of steps of long ago
            self._speeds.see(reading.rows, time())
            self._rest(reading.rest)
        self._show()

    def _rest(self, seconds: float) -> None:
        """Read again after some seconds."""
        if self._next is not None:
            self._next.stop()
        if self.is_current:
            self._next = self.set_timer(seconds, self._read)

    def _show(self) -> None:
        """Draw what has changed."""
        selection = self._selection
        longest = max((row.step for row in selection.listed), default=1)
        around = Around(palette_of(self), time(), longest, self._speeds.known())
        typical = selection.rows[-MOST_MEASURED:]
        self._table.show(Listing(selection.listed, typical, selection.sorting, selection.marks, around, self._advice))
        self._show_keys()
        listed, known, marked = len(selection.listed), len(selection.rows), len(selection.marked)
        counted = f"{listed:,} of {known:,}" if listed < known else f"{known:,}"
        said = (
            self._refusal or (counted if known else self._emptiness),
            self._progress,
            self._selection.hidden or (f"{marked} marked" if marked else ""),
        )
        words = plain_text(" · ".join(filter(None, said)))
        self.query_one("#listing").border_subtitle = Content(words)

    @property
    def _advice(self) -> str:
        """What to do where no run is listed."""
        if self._selection.rows:
            return "nothing found: escape shows all"
        return "no run yet: enter on a preset trains one" if self._is_empty else ""

    @on(RunTable.Highlighted)
    def _look(self, event: RunTable.Highlighted) -> None:
        self._details.show(event.row, event.around)
        if event.row is not None and self.has_class("-roomy"):
            self._curves.look_at(Wanted(event.row.path, tuple(self._selection.marked), event.row.step))

    def on_descendant_focus(self) -> None:
        """Show the keys that work there."""
        self._show_keys()

    def _show_keys(self) -> None:
        found = FILTERING if self._filter.has_focus else hints_of(self)
        self.query_one(KeyBar).hints = (*found, ALL_KEYS)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Offer what acts on runs while there are some in the list."""
        del parameters
        return action.partition("(")[0] not in OF_RUNS or bool(self._selection.listed)

    def action_move(self, by: int) -> None:
        """Move the cursor, while something is typed."""
        self._table.action_move(by)

    def action_filter(self) -> None:
        """Let the user type what is looked for."""
        self._filter.focus()

    @on(Input.Changed)
    def _find(self, event: Input.Changed) -> None:
        try:
            self._selection.filter(event.value)
            self._refusal = ""
        except GroktermError as error:
            self._refusal = str(error)
        self._show()

    @on(Input.Submitted)
    def _leave_filter(self) -> None:
        self._table.focus()

    def action_back(self) -> None:
        """List all runs again; without a filter, leave."""
        if self._filter.value or self._filter.has_focus:
            self._filter.clear()
            self._table.focus()
        else:
            self.app.pop_screen()

    def action_sort(self, by: int) -> None:
        """Sort by a column further on."""
        self._sort(self._selection.sorting.beside(by))

    def action_reverse(self) -> None:
        """Sort the other way round."""
        self._sort(self._selection.sorting.chosen(self._selection.sorting.column))

    @on(RunTable.Sorted)
    def _sort_by(self, event: RunTable.Sorted) -> None:
        self._sort(self._selection.sorting.chosen(event.column))

    def _sort(self, sorting: Sorting) -> None:
        self._selection.sort(sorting)
        self._show()

    def action_mark(self) -> None:
        """Mark the run under the cursor, or take its mark away, and go on to the next."""
        if (row := self._table.row) is None:
            return
        if row.kind == "sweep":
            self._say("a sweep has no curves of its own: enter shows it")
        elif self._selection.toggle(row.path):
            self._table.action_move(1)
            self._show()
        else:
            self._say(f"at most {len(self._selection.marked)} runs are marked: space takes a mark away")

    def action_overlay(self) -> None:
        """Draw the marked runs behind the curves of the lab."""
        marked = tuple(row.path for row in self._rows_marked())
        self.post_message(self.Overlaid(marked))
        n = f"{len(marked)} run{'s' * (len(marked) > 1)}" if marked else "no runs"
        self.notify(f"{n} behind the curves of the lab", title="Overlay", markup=False)

    def action_compare(self) -> None:
        """Compare two runs."""
        rows = self._rows_marked()
        if len(rows) > 2:
            self._say(f"two runs are compared, and {len(rows)} are marked: space takes a mark away")
            return
        row = self._table.row
        if len(rows) == 1 and row is not None and row.kind == "run" and row.path != rows[0].path:
            rows.append(row)
        if len(rows) < 2:
            self._say("mark two runs with space, or one and put the cursor on another")
        else:
            self.app.push_screen(RunComparison(rows[0], rows[1], self._curves.x_scale), self._open_both)

    def _open_both(self, chosen: tuple[Path, Path] | None) -> None:
        if chosen is not None:
            self.post_message(self.Opened(*chosen))

    @on(RunTable.Chosen)
    def action_open(self) -> None:
        """Open the run under the cursor."""
        if (row := self._table.row) is not None:
            if row.problem:
                self._say(row.problem)
            else:
                self.post_message(self.SweepOpened(row.path) if row.kind == "sweep" else self.Opened(row.path))

    def action_pin(self) -> None:
        """Pin runs, or unpin them."""
        if rows := self._chosen():
            self._writer.pin(rows)

    def action_tag(self) -> None:
        """Ask for tags."""
        if rows := self._chosen():
            self._writer.tag(rows)

    def action_note(self) -> None:
        """Ask for the note of the run under the cursor."""
        if (row := self._table.row) is not None:
            self._writer.note(row)

    def action_delete(self) -> None:
        """Ask whether runs may go to the trash."""
        if rows := self._chosen():
            self._writer.delete(rows)

    def _chosen(self) -> list[RunRow]:
        """Return the marked runs, or else the one under the cursor."""
        return self._rows_marked() or [row for row in (self._table.row,) if row is not None]

    def _rows_marked(self) -> list[RunRow]:
        """Return the marked runs that are listed; say if others are not."""
        if hidden := self._selection.hidden:
            self._say(f"{hidden}: nothing is done to what is not listed")
        return self._selection.marked_rows

    def action_scale(self) -> None:
        """Switch the axis of steps between logarithmic and linear."""
        self._curves.x_scale = "linear" if self._curves.x_scale == "log" else "log"
        self._curves.draw_found()

    def _say(self, text: str) -> None:
        self.notify(plain_text(text), severity="warning", markup=False)
