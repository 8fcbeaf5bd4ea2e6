"""Two pixels per cell, drawn with half blocks."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Int
from rich.color import Color
from rich.style import Style

from grokterm.plots.cells import Cells

BLANK = -1  # the level of a pixel without a color
N_SHADES = 6  # levels without colors: two dark, two gray, two bright


def paint_half_blocks(cells: Cells, levels: Int[np.ndarray, "rows columns"], ramp: Sequence[Color]) -> None:
    """Fill a grid from its upper left; levels index the ramp, and BLANK pixels have no color."""
    upper, lower = _pairs(levels)
    characters = np.select([upper != BLANK, lower != BLANK], ["▀", "▄"], " ")
    n_codes = len(ramp) + 1  # the levels and BLANK

    def style_of(code: int) -> Style | None:
        above, below = (None if level == BLANK else ramp[level] for level in (code // n_codes - 1, code % n_codes - 1))
        return _half_block(above, below)

    cells.paint(characters, (upper + 1) * n_codes + lower + 1, style_of)


def shade_half_blocks(cells: Cells, levels: Int[np.ndarray, "rows columns"]) -> None:
    """Fill a grid from its upper left without colors: a pixel is lit from the middle of its levels on.

    Two pixels near the middle are gray, so that noise of a small amplitude does not look like a wave.
    """
    upper, lower = _pairs(levels)
    is_gray = (np.abs(2 * upper - N_SHADES + 1) == 1) & (np.abs(2 * lower - N_SHADES + 1) == 1)
    is_lit = (upper >= N_SHADES // 2, lower >= N_SHADES // 2)
    characters = np.select([is_gray, is_lit[0] & is_lit[1], *is_lit], ["▒", "█", "▀", "▄"], " ")
    cells.paint(characters, np.zeros_like(upper), lambda _: None)


def _pairs(levels: Int[np.ndarray, "rows columns"]) -> tuple[np.ndarray, np.ndarray]:
    """Return the upper and the lower pixel of each cell."""
    even = np.pad(levels, ((0, levels.shape[0] % 2), (0, 0)), constant_values=BLANK)
    return even[::2], even[1::2]


@lru_cache(maxsize=1024)
def _half_block(upper: Color | None, lower: Color | None) -> Style | None:
    """Return the style of ▀, or of ▄ if the upper half is blank."""
    if upper is None:
        return None if lower is None else Style(color=lower)
    return Style(color=upper, bgcolor=lower)
