"""Which columns of the list of runs fit, and how a line of it is written."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from rich.segment import Segment
from rich.style import Style

from grokterm.plots.palettes import Role
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import COLUMNS, Around, Column
from grokterm.views.runs.short import short_step
from grokterm.views.runs.sorting import Sorting

MARGIN = 4  # cells before the first column: the mark and the pin
WIDE = 110  # cells from which columns are two apart

GIVE_WAY = ("age", "val", "grokked")  # where not even the shortest columns fit, in this order

LEFT_OUT = ("tags", "ungrokked")  # where they say nothing of any run


class Placed(NamedTuple):
    """A column, its first cell, and how many it has."""

    column: Column
    first: int
    width: int


def arrange(rows: Sequence[RunRow], width: int, sorted_by: str) -> list[Placed]:
    """Choose the columns that fit, the one that runs are sorted by in any case; texts share what is left."""
    gap = 2 if width >= WIDE else 1
    columns = [
        _with_arrow(one) if one.name == sorted_by else one
        for one in COLUMNS
        if one.name not in LEFT_OUT or one.name == sorted_by or _speaks(one, rows)
    ]
    useful = {one.name: _useful(one, rows) for one in columns}

    def room(*, good: bool) -> int:
        needed = (min(useful[one.name], one.widths[1]) if good else one.widths[0] for one in columns)
        return width - MARGIN - sum(needed) - gap * (len(columns) - 1)

    while room(good=True) < 0:
        last = max(columns, key=lambda one: one.rank if one.name != sorted_by else 0)
        if not last.rank:
            break
        columns.remove(last)
    for name in GIVE_WAY:
        if room(good=False) < 0 and name != sorted_by:
            columns = [one for one in columns if one.name != name]
    wanted = [useful[one.name] - one.widths[0] for one in columns]
    left = max(room(good=False), 0)
    widths = [one.widths[0] + more * left // max(sum(wanted), left, 1) for one, more in zip(columns, wanted, strict=True)]
    placed, first = [], MARGIN
    for one, cells in zip(columns, widths, strict=True):
        placed.append(Placed(one, first, cells))
        first += cells + gap
    return placed


def column_at(placed: Iterable[Placed], cell: int) -> str:
    """Name the column in whose heading a cell lies; empty between two."""
    return next((one.column.name for one in placed if one.first <= cell < one.first + one.width), "")


def draw_header(placed: Iterable[Placed], around: Around, sorting: Sorting) -> list[Segment]:
    """Name the columns, with an arrow on the one that runs are sorted by."""
    inks = around.palette.inks
    arrow = around.palette.printable("↓" if sorting.is_high_first else "↑")
    cells = _cell((), MARGIN)
    for column, first, width in placed:
        name = f"to {short_step(around.longest, 7)}" if column.name == "steps" else column.name
        is_chosen = column.name == sorting.column
        head = (f"{name[: width - 1]}{arrow}", inks["val"].style) if is_chosen else (name, inks["dim"].style)
        cells += _cell([head], width, first - _end(cells), is_right=column.is_number)
    return cells


def draw_row(row: RunRow, placed: Iterable[Placed], around: Around, mark: Role | None = None) -> list[Segment]:
    """Write a run; one that is marked has a dot in the color of its curve."""
    palette = around.palette
    dot, pin = ("o", "^") if palette.is_ascii else ("●", "▲")
    margin = [
        (" ", None),
        (dot if mark else " ", palette.inks[mark].style if mark else None),
        (pin if row.is_pinned else " ", palette.inks["swap"].style),
    ]
    cells = _cell(margin, MARGIN)
    for column, first, width in placed:
        pieces = [(palette.printable(text), palette.inks[role].style) for text, role in column.write(row, around, width)]
        cells += _cell(pieces, width, first - _end(cells), is_right=column.is_number, dots=palette.printable("…"))
    return cells


def _with_arrow(column: Column) -> Column:
    """Make room for the arrow beside the name."""
    least, good, most = (max(cells, len(column.name) + 1) for cells in column.widths)
    return column._replace(widths=(least, good, most))


def _speaks(column: Column, rows: Iterable[RunRow]) -> bool:
    key = column.key
    return any(key(row) not in {None, ""} for row in rows)


def _useful(column: Column, rows: Iterable[RunRow]) -> int:
    """Return how many cells a column can use: a text as many as it is long."""
    least, _, most = column.widths
    if least == most or column.name == "steps":
        return most
    longest = max((len(str(column.key(row))) for row in rows), default=0) + 1  # a star, or a sign
    return min(max(longest, least), most)


def _end(cells: Iterable[Segment]) -> int:
    return sum(len(one.text) for one in cells)


def _cell(
    texts: Iterable[tuple[str, Style | None]], width: int, gap: int = 0, *, is_right: bool = False, dots: str = ""
) -> list[Segment]:
    """Cut texts to a width, or fill it up, after a gap."""
    segments, room = [], width
    for text, style in texts:
        if len(text) > room:
            text = (text[: max(room - len(dots), 0)] + dots)[:room]
        if text:
            segments.append(Segment(text, style))
        room -= len(text)
    before, after = (gap + room, 0) if is_right else (gap, room)
    return [*_blank(before), *segments, *_blank(after)]


def _blank(width: int) -> list[Segment]:
    return [Segment(" " * width)] if width else []
