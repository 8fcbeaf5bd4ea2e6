"""Lines of styled text above and below a picture."""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from grokterm.plots.palettes import Palette

if TYPE_CHECKING:
    from grokterm.plots.cells import Rows  # loads numpy, which the first paint does without

StyledText = Sequence[tuple[str, Style | None]]
"""Texts with a style each, kept on one line."""

_GAP = "   "


def draw_text(items: Iterable[str | StyledText], *, width: int, palette: Palette) -> "Rows":
    """Write items side by side, as many per line as fit; a longer one goes on in the next line, or is cut if it is styled."""
    rows: Rows = []
    column = 0
    for texts in _fitted(items, width, palette):
        length = sum(len(text) for text, _ in texts)
        if not rows or column + len(_GAP) + length > width:
            rows.append([])
            column = 0
        for text, style in [(_GAP, None), *texts] if column else texts:
            rows[-1].append(Segment(shortened(text, width - column, palette), style))
            column += len(rows[-1][-1].text)
            if len(rows[-1][-1].text) < len(text):
                break
    return [[*row, Segment(" " * (width - sum(len(segment.text) for segment in row)))] for row in rows]


def _fitted(items: Iterable[str | StyledText], width: int, palette: Palette) -> Iterator[StyledText]:
    for item in items:
        if isinstance(item, str):
            yield from ([(line, None)] for line in wrap(palette.printable(item), max(width, 1)))
        else:
            yield [(palette.printable(text), style) for text, style in item]


def heading(text: str, *, width: int, palette: Palette) -> "Rows":
    """Write the title of the picture below, dimmed."""
    return draw_text([[(text, palette.inks["dim"].style)]], width=width, palette=palette)


def first_fitting(texts: Sequence[str], width: int) -> str:
    """Return the first text that fits, or else the last: each says less than the one before."""
    return next((text for text in texts if len(text) <= width), texts[-1])


def in_few_lines(text: str, width: int, height: int) -> list[str]:
    """Wrap a printable text into so many lines at most; where it goes on, the last one says so."""
    return wrap(text, max(width, 1), max_lines=max(height, 1), placeholder=" …")


def shortened(text: str, width: int, palette: Palette) -> str:
    """Cut a printable text after an item, or else after a word, and say so: no number turns into another.

    Items stand between dots.
    """
    if len(text) <= width:
        return text
    dots = palette.printable("…")
    for separator, end in ((palette.printable(" · "), f" {dots}"), (" ", dots)):
        kept = text[: max(width - len(end), 0) + len(separator)].rpartition(separator)[0].rstrip(separator)
        if kept:
            return kept + end
    return (text[: max(width - len(dots), 0)] + dots)[: max(width, 0)]
