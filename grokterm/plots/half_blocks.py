"""Two pixels per cell, drawn with half blocks in two colors."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Int
from rich.color import Color
from rich.style import Style

from grokterm.plots.cells import Cells

BLANK = -1  # the level of a pixel without a color


def paint_half_blocks(cells: Cells, levels: Int[np.ndarray, "rows columns"], ramp: Sequence[Color]) -> None:
    """Fill a grid from its upper left; levels index the ramp, and BLANK pixels have no color."""
    even = np.pad(levels, ((0, levels.shape[0] % 2), (0, 0)), constant_values=BLANK)
    upper, lower = even[::2], even[1::2]
    characters = np.select([upper != BLANK, lower != BLANK], ["▀", "▄"], " ")
    n_codes = len(ramp) + 1  # the levels and BLANK

    def style_of(code: int) -> Style | None:
        above, below = (None if level == BLANK else ramp[level] for level in (code // n_codes - 1, code % n_codes - 1))
        return _half_block(above, below)

    cells.paint(characters, (upper + 1) * n_codes + lower + 1, style_of)


@lru_cache(maxsize=1024)
def _half_block(upper: Color | None, lower: Color | None) -> Style | None:
    """Return the style of ▀, or of ▄ if the upper half is blank."""
    if upper is None:
        return None if lower is None else Style(color=lower)
    return Style(color=upper, bgcolor=lower)
