"""Heat maps: two matrix rows per terminal line."""

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
) -> Rows:
    """Draw values from -limit to limit (from 0 if not signed) in `height` lines of `width` cells; blank if not finite.

    A small matrix is enlarged by whole factors, a large one averaged by area, each direction by itself; it stands in the
    middle. Without colors, shades rise from -limit to limit, so that a wave keeps its period.
    """
    cells = Cells(width, height)
    room = cells.height * palette.rows_per_line, cells.width
    n_rows, n_columns = (fitting(n, pixels) for n, pixels in zip(matrix.shape, room, strict=True))
    if not n_rows or not n_columns:
        return cells.rows()
    pixels = centered(
        resized(matrix.astype(np.float64), n_rows, n_columns), room, blank=np.nan, rows_per_line=palette.rows_per_line
    )
    if palette.shades:
        levels = _levels(pixels, limit, len(palette.shades), signed=signed)
        cells.paint(np.array([*palette.shades, " "])[levels], np.zeros_like(levels), lambda _: None)
    elif not palette.diverging:
        shade_half_blocks(cells, _levels(pixels, limit, N_SHADES, signed=signed))
    else:
        ramp = palette.diverging if signed else palette.sequential
        paint_half_blocks(cells, _levels(pixels, limit, len(ramp), signed=signed), ramp)
        size = n_columns, -(-n_rows // palette.rows_per_line)
        corner = (room[0] - n_rows) // 2 // palette.rows_per_line, (room[1] - n_columns) // 2
        return place(cells.rows(), Raster(matrix, float(limit), ramp, is_signed=signed), corner=corner, size=size)
    return cells.rows()


def _levels(
    values: Float[np.ndarray, "rows columns"], limit: int | float, n_levels: int, *, signed: bool
) -> Int[np.ndarray, "rows columns"]:
    """Return the ramp level of each value, BLANK if it is not finite."""
    finite = np.isfinite(values)
    bound = limit if 0 < limit < np.inf else 1.0
    shares = np.clip(np.where(finite, values, 0.0), -bound, bound) / bound
    levels = np.rint(((shares + 1) / 2 if signed else shares.clip(0)) * (n_levels - 1)).astype(np.int64)
    return np.where(finite, levels, BLANK)
