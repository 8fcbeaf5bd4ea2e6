"""A grid of cells on which curves, shaded regions and marked columns are laid.

A cell has 2 × 4 braille dots. Curves of one cell share its dots, so that the upper one hides nothing. plotext, which draws one
curve at a time, takes 20 ms for a curve of 1,000 points; this takes less than one.
"""

from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int
from rich.color import Color
from rich.style import Style

from grokterm.plots.cells import Cells
from grokterm.plots.palettes import BRAILLE, Ink, Palette

_DOTS_ACROSS, _DOTS_DOWN = 2, 4
_BLANK_BRAILLE = 0x2800
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
_N_STYLES = 256  # more than a picture has

Shares = Float[np.ndarray, " point"]
"""Relative positions: 0 is left or top, 1 right or bottom."""


class Canvas:
    """Later curves cover earlier ones, but for the dots of those that are not faint; shades lie behind what is there."""

    def __init__(self, width: int, height: int) -> None:
        self._characters = np.full((height, width), " ", dtype="<U1")
        self._dots = np.zeros((height, width), dtype=np.uint8)  # of the curves that are not faint
        self._has_curve = np.zeros((height, width), dtype=np.bool_)
        self._styles: dict[Style | None, int] = {None: 0}
        self._grounds: dict[Color | None, int] = {None: 0}
        self._style = np.zeros((height, width), dtype=np.int64)
        self._ground = np.zeros((height, width), dtype=np.int64)

    def curve(self, x: Shares, y: Shares, ink: Ink, *, is_faint: bool = False) -> None:
        """Connect points, x ascending; what lies beyond the canvas is cut off."""
        height, width = self._style.shape
        fine = ink.marker == BRAILLE
        across, down = (_DOTS_ACROSS, _DOTS_DOWN) if fine else (1, 1)
        columns, rows = _connected(x * (width * across), y * (height * down), is_dotted=ink.is_dotted and fine)
        columns = np.where(columns == width * across, columns - 1, columns)  # the right end, and the lower
        rows = np.where(rows == height * down, rows - 1, rows)
        inside = (columns >= 0) & (columns < width * across) & (rows >= 0) & (rows < height * down)
        grid = np.zeros((height * down, width * across), dtype=np.bool_)
        grid[rows[inside], columns[inside]] = True
        self._lay(grid, ink, is_faint=is_faint)

    def _lay(self, grid: Bool[np.ndarray, "dots_down dots_across"], ink: Ink, *, is_faint: bool) -> None:
        height, width = self._style.shape
        if ink.marker == BRAILLE:
            bits = (grid.reshape(height, _DOTS_DOWN, width, _DOTS_ACROSS) * _BITS[:, None, :]).sum(axis=(1, 3), dtype=np.uint8)
            drawn = bits > 0
            if not is_faint:
                self._dots |= bits
                bits = self._dots
            self._characters[drawn] = (_BLANK_BRAILLE + bits[drawn].astype(np.uint32)).view("<U1")
        else:
            drawn = grid
            self._characters[drawn] = ink.marker
        self._style[drawn] = self._style_code(_faint(ink.style) if is_faint else ink.style)
        self._has_curve |= drawn

    def shade(self, region: Bool[np.ndarray, "half_row column"], ink: Ink) -> None:
        """Tint the ground of cells, or half of one that is blank; without a tint, fill blanks with the ink's character."""
        upper, lower = region[::2], region[1::2]
        both, is_blank = upper & lower, self._characters == " "
        if ink.tint is None:
            self._characters[both & is_blank] = ink.shade
            self._style[both & is_blank] = self._style_code(ink.style)
            return
        self._ground[both | ((upper | lower) & ~is_blank)] = self._grounds.setdefault(ink.tint, len(self._grounds))
        for half, character in ((upper & ~both & is_blank, "▀"), (lower & ~both & is_blank, "▄")):
            self._characters[half] = character
            self._style[half] = self._style_code(Style(color=ink.tint))

    def column(self, column: int, character: str, style: Style | None) -> None:
        """Draw a vertical line."""
        self._characters[:, column] = character
        self._style[:, column] = self._style_code(style)

    def highlight(self, column: int, palette: Palette) -> None:
        """Set a column apart: by its ground, or without colors by a line behind the curves."""
        if palette.cursor is not None:
            self._ground[:, column] = self._grounds.setdefault(palette.cursor, len(self._grounds))
            return
        is_free = ~self._has_curve[:, column]
        self._characters[is_free, column] = palette.box.side
        self._style[is_free, column] = self._style_code(palette.inks["text"].style)

    def paint(self, cells: Cells, row: int, column: int) -> None:
        """Put the canvas on a larger grid."""
        styles, grounds = list(self._styles), list(self._grounds)

        def style_of(code: int) -> Style | None:
            return _over(styles[code % _N_STYLES], grounds[code // _N_STYLES])

        cells.paint(self._characters, self._style + _N_STYLES * self._ground, style_of, at=(row, column))

    def _style_code(self, style: Style | None) -> int:
        return self._styles.setdefault(style, len(self._styles))


def _connected(x: Shares, y: Shares, *, is_dotted: bool) -> tuple[Int[np.ndarray, " dot"], Int[np.ndarray, " dot"]]:
    """Return the columns and rows of dots on lines between points, in dots; every second one if dotted."""
    if x.size < 2:
        return np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
    across, down = np.diff(x), np.diff(y)
    n = np.ceil(np.maximum(np.abs(across), np.abs(down))).astype(np.int64) + 1
    line = np.repeat(np.arange(n.size), n)
    share = (np.arange(line.size) - np.repeat(np.cumsum(n) - n, n)) / n[line]
    columns = np.append(x[:-1][line] + share * across[line], x[-1])
    rows = np.append(y[:-1][line] + share * down[line], y[-1])
    columns, rows = np.floor(columns).astype(np.int64), np.floor(rows).astype(np.int64)
    if is_dotted:
        is_steep = np.append(np.abs(down) > np.abs(across), False)[np.append(line, n.size)]  # the last point
        kept = np.where(is_steep, rows, columns) % 2 == 0
        columns, rows = columns[kept], rows[kept]
    return columns, rows


@lru_cache(maxsize=256)
def _over(style: Style | None, ground: Color | None) -> Style | None:
    if ground is None:
        return style
    return Style(bgcolor=ground) if style is None else style + Style(bgcolor=ground)


@lru_cache(maxsize=64)
def _faint(style: Style | None) -> Style | None:
    return None if style is None else style + Style(dim=True)
