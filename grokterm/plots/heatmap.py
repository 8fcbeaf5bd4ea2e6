"""Heat maps: two matrix rows per terminal line."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from grokterm.plots.area import centered, fitting, resized
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.half_blocks import BLANK, N_SHADES, paint_half_blocks, shade_half_blocks
from grokterm.plots.palettes import Palette
from grokterm.plots.pixels import Raster, place


def draw_heatmap(  # noqa: PLR0913 - each is one property of the picture
    matrix: Float[np.ndarray, "rows columns"],
    *,
    width: int,
    height: int,
    limit: int | float,
    palette: Palette,
    signed: bool = True,
    detail: Float[np.ndarray, "more_rows more_columns"] | None = None,
) -> Rows:
    """Draw values from -limit to limit (from 0 if not signed) in `height` lines of `width` cells; blank if not finite.

    A small matrix is enlarged by whole factors, a large one averaged by area, each direction by itself; it stands in the
    middle. Without colors, shades rise from -limit to limit, so that a wave keeps its period.
    A terminal that draws real pixels shows the `detail` instead, if there is more of it.
    """
    per_line = palette.rows_per_line
    room = max(height, 0) * per_line, max(width, 0)
    n_rows, n_columns = (fitting(n, pixels) for n, pixels in zip(matrix.shape, room, strict=True))
    if not n_rows or not n_columns:
        return Cells(width, height).rows()
    pixels = centered(resized(matrix.astype(np.float64), n_rows, n_columns), room, blank=np.nan, rows_per_line=per_line)
    corner = (room[0] - n_rows) // 2 // per_line, (room[1] - n_columns) // 2
    tile = Tile(matrix if detail is None else detail, corner, (n_columns, -(-n_rows // per_line)))
    return draw_tiles(pixels, [tile], width=width, limit=limit, palette=palette, signed=signed)


class Tile(NamedTuple):
    """A matrix whose picture fills some cells."""

    values: Float[np.ndarray, "rows columns"]
    corner: tuple[int, int]
    """Its first line and column."""
    size: tuple[int, int]
    """Cells across and lines down."""


def draw_tiles(  # noqa: PLR0913 - each is one property of the picture
    pixels: Float[np.ndarray, "rows columns"],
    tiles: Iterable[Tile],
    *,
    width: int,
    limit: int | float,
    palette: Palette,
    signed: bool = True,
) -> Rows:
    """Draw a picture of several matrices, given the value of each pixel; a terminal that draws real ones needs the matrices."""
    cells = Cells(width, -(-len(pixels) // palette.rows_per_line))
    if palette.shades:
        levels = _levels(pixels, limit, len(palette.shades), signed=signed)
        cells.paint(np.array([*palette.shades, " "])[levels], np.zeros_like(levels), lambda _: None)
    elif not palette.diverging:
        shade_half_blocks(cells, _levels(pixels, limit, N_SHADES, signed=signed))
    else:
        ramp = palette.diverging if signed else palette.sequential
        paint_half_blocks(cells, _levels(pixels, limit, len(ramp), signed=signed), ramp)
    rows = cells.rows()
    if palette.graphics is not None:
        for values, corner, size in tiles:
            raster = Raster(values, float(limit), palette.diverging if signed else palette.sequential, is_signed=signed)
            rows = place(rows, raster, corner=corner, size=size)
    return rows


def _levels(
    values: Float[np.ndarray, "rows columns"], limit: int | float, n_levels: int, *, signed: bool
) -> Int[np.ndarray, "rows columns"]:
    """Return the ramp level of each value, BLANK if it is not finite."""
    finite = np.isfinite(values)
    bound = limit if 0 < limit < np.inf else 1.0
    shares = np.clip(np.where(finite, values, 0.0), -bound, bound) / bound
    levels = np.rint(((shares + 1) / 2 if signed else shares.clip(0)) * (n_levels - 1)).astype(np.int64)
    return np.where(finite, levels, BLANK)
