"""The members of a sweep: any number of them, of which only the lines on the screen are drawn."""

from collections.abc import Sequence

from rich.segment import Segment
from textual.message import Message

from grokterm.experiment.sweep import Sweep
from grokterm.plots.palettes import Palette
from grokterm.sweeps.live import SweepState
from grokterm.sweeps.members import Member
from grokterm.tui.widgets.line_table import LineTable
from grokterm.views.sweep.members import Column, columns_of, draw_heads, draw_member


class MemberTable(LineTable[Member]):
    """A line for each member below a line of headings, and a cursor."""

    class Chosen(Message):
        """A member was clicked twice."""

    def __init__(self) -> None:
        super().__init__(id="members")
        self._sweep = Sweep()
        self._state = SweepState()
        self._columns: list[Column] = []
        self._is_placed = False  # the cursor, by the user

    def show(self, sweep: Sweep, members: Sequence[Member], state: SweepState) -> None:
        """List members in this order."""
        self._sweep, self._state = sweep, state
        self.show_rows(members, stays=self._is_placed)

    def draw_heads(self, palette: Palette) -> list[Segment]:
        """Name the columns."""
        return draw_heads(self._columns, palette)

    def draw_row(self, row: Member, palette: Palette) -> list[Segment]:
        """Write a member."""
        return draw_member(row, self._columns, self._state, self._width, palette)

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width  # beside the scroll bar

    def is_same(self, row: Member, other: Member) -> bool:
        """Tell whether two rows are of one member."""
        return row == other

    def choose_columns(self) -> bool:
        """Choose the columns that fit."""
        before, self._columns = self._columns, columns_of(self._sweep, self._width)
        return [one.name for one in self._columns] != [one.name for one in before]

    def action_to(self, place: int) -> None:
        """Move the cursor, which from now on stays on its member."""
        self._is_placed = True
        super().action_to(place)

    def chosen(self) -> None:
        """Open the member under the cursor."""
        self.post_message(self.Chosen())
