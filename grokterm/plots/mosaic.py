"""A grid of small square maps, each under its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from grokterm.plots.area import resized, square
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.heatmap import Tile, draw_tiles
from grokterm.plots.palettes import Palette
from grokterm.plots.text_lines import shortened

_LEAST, _LEAST_LINES = 10, 4  # pixel rows of a tile, and lines with its name
_WHOLE, _ENOUGH = 16, 26  # pixel rows up to which no map is averaged, and with which it may be averaged beyond 2:1


@dataclass(frozen=True)
class Mosaic:
    """The size of the grid and of its tiles."""

    across: int
    down: int
    side: int
    """Pixel rows of a tile: a multiple of the rows of a map, or fewer than they are."""

    @property
    def n_tiles(self) -> int:
        """Number of maps shown at once."""
        return self.across * self.down


def fit_mosaic(n_rows: int, *, width: int, height: int, palette: Palette) -> Mosaic:
    """Choose the grid for square maps that fills the space best, preferring many tiles to large ones."""
    down, across = range(1, max(height // _LEAST_LINES, 1) + 1), range(1, max(width // _LEAST, 1) + 1)
    grids = [fit_grid(n_rows, (i, j), width=width, height=height, palette=palette) for i in down for j in across]
    least = max(_LEAST, max(min(n_rows, _WHOLE), min(-(-n_rows // 2), _ENOUGH)) // palette.columns_per_row)
    roomy = [grid for grid in grids if grid.side >= least]
    if not roomy:
        return max(grids, key=lambda grid: (grid.side, grid.n_tiles))
    return max(roomy, key=lambda grid: grid.n_tiles**1.5 * grid.side**2)


def fit_grid(n_rows: int, grid: tuple[int, int], *, width: int, height: int, palette: Palette) -> Mosaic:
    """Return the mosaic with this many tiles down and across; its tiles are as large as they can be."""
    down, across = grid
    rows = palette.rows_per_line * (height // down - 1)
    room = max(rows, 1), max((width + 1) // across - 1, palette.columns_per_row)
    side, _ = square(n_rows, room, palette.columns_per_row)
    return Mosaic(across, down, side)


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
    chosen: int | None = None,
) -> Rows:
    """Draw maps in rows from the upper left, values from -limit to limit; the name of the `chosen` one is highlighted."""
    rows: Rows = []
    pitch, lines = max((width + 1) // mosaic.across, 1), max(height // mosaic.down - 1, 0)
    columns = mosaic.side * palette.columns_per_row
    above = max(lines - -(-mosaic.side // palette.rows_per_line), 0) // 2
    for first in range(0, len(maps), mosaic.across):
        names_line = Cells(width, 1)
        pixels = np.full(((lines - above) * palette.rows_per_line, width), np.nan)
        tiles: list[Tile] = []
        for number in range(first, min(first + mosaic.across, len(maps))):
            margin = max(pitch - 1 - columns, 0) // 2
            left = (number - first) * pitch + margin
            name = palette.printable(f"{'>' if number == chosen else ' '}{names[number]}")
            name = shortened(name, pitch - 1, palette)
            ink = palette.inks["text" if number == chosen else "dim"]
            names_line.write(0, left - max(margin + len(name) - (pitch - 1), 0), name, ink.style)
            tile = resized(maps[number].astype(np.float64), mosaic.side, columns)[: len(pixels), : max(width - left, 0)]
            pixels[: tile.shape[0], left : left + tile.shape[1]] = tile
            if tile.shape == (mosaic.side, columns):
                tiles.append(Tile(maps[number], (0, left), (columns, -(-mosaic.side // palette.rows_per_line))))
        drawn = draw_tiles(pixels, tiles, width=width, limit=limit, palette=palette, signed=signed)
        rows += Cells(width, above).rows() + names_line.rows() + drawn
    rows += Cells(width, max(height - len(rows), 0)).rows()
    return rows[: max(height, 0)]
