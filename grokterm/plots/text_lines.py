"""Lines of styled text above and below a picture."""

from collections.abc import Iterable, Sequence

from rich.segment import Segment
from rich.style import Style

from grokterm.plots.cells import Rows
from grokterm.plots.palettes import Palette

StyledText = Sequence[tuple[str, Style | None]]
"""Texts with a style each, kept on one line."""

_GAP = "   "


def draw_text(items: Iterable[str | StyledText], *, width: int, palette: Palette) -> Rows:
    """Write items side by side, as many per line as fit; an item longer than a line is cut off."""
    rows: Rows = []
    column = 0
    for item in items:
        texts = [(palette.printable(text), style) for text, style in ([(item, None)] if isinstance(item, str) else item)]
        length = sum(len(text) for text, _ in texts)
        if not rows or column + len(_GAP) + length > width:
            rows.append([])
            column = 0
        elif column:
            texts.insert(0, (_GAP, None))
        for text, style in texts:
            rows[-1].append(Segment(text[: width - column], style))
            column += len(rows[-1][-1].text)
    return [[*row, Segment(" " * (width - sum(len(segment.text) for segment in row)))] for row in rows]


def heading(text: str, *, width: int, palette: Palette) -> Rows:
    """Write the title of the picture below, dimmed."""
    return draw_text([[(text, palette.inks["dim"].style)]], width=width, palette=palette)
