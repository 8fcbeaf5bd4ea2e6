"""A grid of small heat maps, each under its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import Palette

# Least side of a tile in pixels: fewer show only waves of a few residues, unless they show the whole map.
_LEAST, _LEAST_OF_A_WHOLE = 16, 10


@dataclass(frozen=True)
class Mosaic:
    """The size of the grid and of its tiles."""

    across: int
    down: int
    side: int
    """Rows and columns shown of a map, from its corner: averaging would blur a short wave."""
    scale: int
    """Pixels per value, in each direction."""
    lines: int
    """Terminal lines of one tile."""

    @property
    def n_tiles(self) -> int:
        """Number of maps shown at once."""
        return self.across * self.down


def fit_mosaic(side: int, *, width: int, height: int, palette: Palette) -> Mosaic:
    """Choose the grid of readable tiles that fills the space best, preferring many tiles to large ones."""
    per_line = 1 if palette.is_ascii else 2
    least, readable = min(side, _LEAST), min(_LEAST, max(side, _LEAST_OF_A_WHOLE))

    def fit(across: int, down: int) -> Mosaic:
        room = max(min((width + 1) // across - 1, per_line * (height // down - 1)), 2)
        shown, scale = min(side, room), max(room // side, 1)
        return Mosaic(across, down, shown, scale, lines=-(-shown * scale // per_line))

    most_across = max((width + 1) // (least + 1), 1)
    most_down = max(height // (-(-least // per_line) + 1), 1)
    grids = [fit(across, down) for across in range(1, most_across + 1) for down in range(1, most_down + 1)]
    roomy = [grid for grid in grids if grid.side * grid.scale >= readable] or grids
    return max(roomy, key=lambda grid: grid.n_tiles**1.5 * (grid.side * grid.scale) ** 2)


def draw_mosaic(  # noqa: PLR0913 - each is one property of the picture
    maps: Sequence[Float[np.ndarray, "rows columns"]],
    names: Sequence[str],
    mosaic: Mosaic,
    *,
    width: int,
    height: int,
    limit: float,
    palette: Palette,
    signed: bool = True,
    chosen: int = 0,
) -> Rows:
    """Draw maps in rows from the upper left, values from -limit to limit; the name of the `chosen` map is highlighted."""
    rows: Rows = []
    pitch = mosaic.side * mosaic.scale + 1
    for first in range(0, len(maps), mosaic.across):
        names_line = Cells(width, 1)
        pixels = np.full((mosaic.lines * (1 if palette.is_ascii else 2), width), np.nan)
        for number in range(first, min(first + mosaic.across, len(maps))):
            left = (number - first) * pitch
            name = palette.printable(f"{'>' if number == chosen else ' '}{names[number]}")
            names_line.write(0, left, name[: pitch - 1], palette.inks["text" if number == chosen else "dim"].style)
            tile = maps[number][: mosaic.side, : mosaic.side].repeat(mosaic.scale, axis=0).repeat(mosaic.scale, axis=1)
            shown = tile[: pixels.shape[0], : max(width - left, 0)]
            pixels[: shown.shape[0], left : left + shown.shape[1]] = shown
        drawn = draw_heatmap(pixels, width=width, height=mosaic.lines, limit=limit, palette=palette, signed=signed)
        rows += names_line.rows() + drawn
    rows += Cells(width, max(height - len(rows), 0)).rows()
    return rows[: max(height, 0)]
