"""Words between pictures: lines of their own, as wide as the pictures."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style

from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette

TextPart = Sequence[tuple[str, Style | None]]
"""Some words that belong together, and how they are written."""

_GAP = "   "


def draw_words(parts: Iterable[str | TextPart], *, width: int, palette: Palette) -> Rows:
    """Write parts side by side, as many a line as fit; one that is longer than a line is cut off."""
    rows: Rows = []
    column = 0
    for part in parts:
        words = [(palette.printable(text), style) for text, style in ([(part, None)] if isinstance(part, str) else part)]
        length = sum(len(text) for text, _ in words)
        if not rows or column + len(_GAP) + length > width:
            rows.append([])
            column = 0
        elif column:
            words.insert(0, (_GAP, None))
        for text, style in words:
            rows[-1].append(Segment(text[: width - column], style))
            column += len(rows[-1][-1].text)
    return [[*row, Segment(" " * (width - sum(len(segment.text) for segment in row)))] for row in rows]


def heading(text: str, *, width: int, palette: Palette) -> Rows:
    """Name what stands below."""
    return draw_words([[(text, palette.inks["dim"].style)]], width=width, palette=palette)
