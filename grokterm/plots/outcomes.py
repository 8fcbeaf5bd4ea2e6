"""The table of all equations, colored by side and outcome."""

import numpy as np
from jaxtyping import Int
from rich.style import Style

from grokterm.plots.area import centered, enlarged
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.half_blocks import paint_half_blocks
from grokterm.plots.palettes import Palette

CHARACTERS = " -+x*.o,@"  # by outcome: absent, then wrong and right of neither side, of train, of val and of seen


def sample(outcome: int, palette: Palette) -> tuple[str, Style | None]:
    """Return the legend symbol of an outcome."""
    return ("■", Style(color=palette.outcomes[outcome - 1])) if palette.outcomes else (CHARACTERS[outcome], None)


def rows_per_line(palette: Palette) -> int:
    """Return how many rows of the table a line holds: without colors only a character tells all outcomes apart."""
    return 2 if palette.outcomes else 1


def draw_outcomes(table: Int[np.ndarray, "rows columns"], *, width: int, height: int, palette: Palette) -> Rows:
    """Draw one or more pixels per outcome, in the middle; what does not fit is cut off."""
    cells, per_line = Cells(width, height), rows_per_line(palette)
    room = cells.height * per_line, cells.width
    shown = table[: room[0], : room[1]]
    if not shown.size:
        return cells.rows()
    size = enlarged(shown.shape, room, 2 // per_line)
    large = shown.repeat(size[0] // shown.shape[0], axis=0).repeat(size[1] // shown.shape[1], axis=1)
    pixels = centered(large, room, blank=0, rows_per_line=per_line)
    if palette.outcomes:
        paint_half_blocks(cells, pixels - 1, palette.outcomes)
    else:
        cells.paint(np.array([*CHARACTERS])[pixels], np.zeros_like(pixels), lambda _: None)
    return cells.rows()
