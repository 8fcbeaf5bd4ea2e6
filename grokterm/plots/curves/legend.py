"""The first line of a chart: the legend with values, and labels of marks; those without room are numbered and listed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from string import ascii_lowercase, digits
from typing import NamedTuple

from rich.style import Style

from grokterm.plots.cells import Cells
from grokterm.plots.palettes import Palette, Role
from grokterm.plots.text_lines import StyledText

_GAP = 2
_NUMBERS = digits[1:] + ascii_lowercase


@dataclass(frozen=True)
class Mark:
    """An event at a step: a swap, a milestone."""

    x: int | float
    label: str
    role: Role


class Placed(NamedTuple):
    """Something written in a line from a column on."""

    column: int
    text: str
    style: Style | None


class Marked(NamedTuple):
    """A mark and the column in which it stands."""

    column: int
    mark: Mark


def length(text: StyledText) -> int:
    """Return the cells that a text takes."""
    return sum(len(part) for part, _ in text)


def write_text(cells: Cells, row: int, text: StyledText) -> None:
    """Write styled text from the left edge on."""
    column = 0
    for part, style in text:
        cells.write(row, column, part, style)
        column += len(part)


def label_marks(marks: Sequence[Marked], start: int, width: int, palette: Palette) -> list[Placed] | None:
    """Place each label so that it ends, or else begins, at its mark, from `start` on; None if one has no room."""
    placed: list[Placed] = []
    for column, mark in sorted((one for one in marks if one.mark.label), key=lambda marked: marked.column):
        label = palette.printable(mark.label)
        at = next((at for at in (column - len(label) + 1, column) if start <= at <= width - len(label)), None)
        if at is None:
            return None
        placed.append(Placed(at, label, palette.inks[mark.role].style))
        start = at + len(label) + _GAP
    return placed


def number_marks(marks: Sequence[Marked], palette: Palette) -> tuple[list[Placed], list[StyledText]]:
    """Return a number for each column with marks, and the list that explains them."""
    numbers: list[Placed] = []
    listed: list[StyledText] = []
    by_column = groupby(sorted(marks, key=lambda marked: marked.column), key=lambda marked: marked.column)
    for number, (column, group_marked) in zip(_NUMBERS, by_column, strict=False):
        group = [mark for _, mark in group_marked]
        style = palette.inks["swap" if any(mark.role == "swap" for mark in group) else "text"].style
        numbers.append(Placed(column, number, style))
        labels = ", ".join(palette.printable(mark.label) for mark in group)
        listed.append([(f"{number}:", style), (f" {labels}", palette.inks["dim"].style)])
    return numbers, listed
