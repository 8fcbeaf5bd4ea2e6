"""The table of all equations, colored by side and outcome."""

import numpy as np
from jaxtyping import Float, Int
from rich.style import Style

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.half_blocks import paint_half_blocks
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import Palette

CHARACTERS = " -+x*.o,@"  # by outcome: absent, then wrong and right of neither side, of train, of val and of seen


def sample(outcome: int, palette: Palette) -> tuple[str, Style | None]:
    """Return the legend symbol of an outcome."""
    return (CHARACTERS[outcome], None) if palette.is_ascii else ("■", Style(color=palette.outcomes[outcome - 1]))


def draw_outcomes(table: Int[np.ndarray, "rows columns"], *, width: int, height: int, palette: Palette) -> Rows:
    """Draw one or more pixels per outcome, from the upper left; the rest is cut off."""
    cells = Cells(width, height)
    room = max(height, 0) * (1 if palette.is_ascii else 2), max(width, 0)
    shown = table[: room[0], : room[1]]
    if not shown.size:
        return cells.rows()
    scale = min(room[0] // shown.shape[0], room[1] // shown.shape[1])
    pixels = shown.repeat(scale, axis=0).repeat(scale, axis=1)
    if palette.is_ascii:
        cells.paint(np.array([*CHARACTERS])[pixels], np.zeros_like(pixels), lambda _: None)
    else:
        paint_half_blocks(cells, pixels - 1, palette.outcomes)
    return cells.rows()


def draw_shares(
    train: Float[np.ndarray, "rows columns"],
    val: Float[np.ndarray, "rows columns"],
    *,
    width: int,
    height: int,
    palette: Palette,
) -> Rows:
    """Draw the shares answered right in blocks of the table, train on the left, val on the right."""
    gap = np.full((train.shape[0], 1), np.nan)
    both = np.concatenate([train, gap, val if palette.is_ascii else -val], axis=1)
    room = max(height, 0) * (1 if palette.is_ascii else 2)
    scale = min(room // both.shape[0], width // both.shape[1])
    if scale < 1:
        return Cells(width, height).rows()
    pixels = both.repeat(scale, axis=0).repeat(scale, axis=1)
    sheet = np.full((room, width), np.nan)
    sheet[: pixels.shape[0], : pixels.shape[1]] = pixels
    return draw_heatmap(sheet, width=width, height=height, limit=1.0, palette=palette, signed=not palette.is_ascii)
