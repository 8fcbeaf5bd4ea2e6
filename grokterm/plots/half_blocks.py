"""Two pixels in one cell: the upper half in one color, the lower in another."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from jaxtyping import Int
from rich.color import Color
from rich.style import Style

from grokterm.plots.cells import Cells

BLANK = -1
"""The level of a pixel without a color."""


def paint_half_blocks(cells: Cells, levels: Int[np.ndarray, "rows columns"], ramp: Sequence[Color]) -> None:
    """Fill a sheet from its upper left with colors of a ramp, by their places in it; BLANK is left as it is."""
    even = np.pad(levels, ((0, levels.shape[0] % 2), (0, 0)), constant_values=BLANK)
    upper, lower = even[::2], even[1::2]
    characters = np.select([upper != BLANK, lower != BLANK], ["▀", "▄"], " ")
    n_codes = len(ramp) + 1  # BLANK is one more level

    def style_of(code: int) -> Style | None:
        above, below = (None if level == BLANK else ramp[level] for level in (code // n_codes - 1, code % n_codes - 1))
        return _half_block(above, below)

    cells.paint(characters, (upper + 1) * n_codes + lower + 1, style_of)


@lru_cache(maxsize=1024)
def _half_block(upper: Color | None, lower: Color | None) -> Style | None:
    """Color ▀ by its upper half over its lower one, or ▄ by its lower half where the upper is blank."""
    if upper is None:
        return None if lower is None else Style(color=lower)
    return Style(color=upper, bgcolor=lower)
