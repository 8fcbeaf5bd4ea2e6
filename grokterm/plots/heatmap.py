"""Heat maps: two matrix rows per terminal line."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.half_blocks import BLANK, paint_half_blocks
from grokterm.plots.palettes import Palette

_ASCII_RAMP = " .:-=+*#%@"
_LARGEST = 1e300  # larger values may overflow in sums; no float32 is that large


@dataclass(frozen=True)
class HeatmapSize:
    """The part of a matrix that a picture shows, for its caption."""

    rows: int
    """Rows of the picture, each the mean of one or more matrix rows."""
    columns: int
    column_step: int
    """Every `column_step`-th column of the matrix is shown."""
    row_repeat: int
    column_repeat: int


def fit_heatmap(shape: tuple[int, int], *, width: int, height: int, palette: Palette) -> HeatmapSize:
    """Return what of a (rows, columns) matrix fits into `height` lines of `width` cells."""
    n_rows, n_columns = shape
    room = max(height, 0) * (1 if palette.is_ascii else 2)
    rows, step = min(n_rows, room), -(-n_columns // max(width, 1))
    columns = -(-n_columns // step) if step and width > 0 else 0
    return HeatmapSize(
        rows=rows,
        columns=columns,
        column_step=max(step, 1),
        row_repeat=room // rows if rows else 1,
        column_repeat=width // columns if columns else 1,
    )


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

    Surplus rows are averaged: picking rows would alias short waves along a column to longer ones. Surplus columns (neurons)
    are picked, because the mean of neurons out of phase is not a wave. A small matrix is enlarged by whole factors. ASCII
    characters rise from -limit to limit, so that a wave keeps its period.
    """
    cells = Cells(width, height)
    fit = fit_heatmap(matrix.shape, width=width, height=height, palette=palette)
    if not fit.rows or not fit.columns:
        return cells.rows()
    picked = matrix[:, :: fit.column_step].astype(np.float64)
    shown = np.where(np.abs(picked) <= _LARGEST, picked, np.nan)
    pixels = _average_rows(shown, fit.rows).repeat(fit.row_repeat, axis=0).repeat(fit.column_repeat, axis=1)
    ramp = palette.diverging if signed else palette.sequential
    if palette.is_ascii:
        levels = _levels(pixels, limit, len(_ASCII_RAMP), signed=signed)
        cells.paint(np.array([*_ASCII_RAMP, " "])[levels], np.zeros_like(levels), lambda _: None)
    else:
        paint_half_blocks(cells, _levels(pixels, limit, len(ramp), signed=signed), ramp)
    return cells.rows()


def _average_rows(matrix: Float[np.ndarray, "rows columns"], n_rows: int) -> Float[np.ndarray, "fewer columns"]:
    """Average the finite values over blocks of equal height; a row on the border counts for both, by its overlap."""
    if n_rows == matrix.shape[0]:
        return matrix
    bounds = np.linspace(0, matrix.shape[0], n_rows + 1)
    row = np.arange(matrix.shape[0])
    share = np.clip(np.minimum(bounds[1:, None], row + 1) - np.maximum(bounds[:-1, None], row), 0, None)
    finite = np.isfinite(matrix)
    weight = share @ finite
    total = share @ np.where(finite, matrix, 0.0)
    mean: Float[np.ndarray, "fewer columns"] = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 1e-9)
    return mean


def _levels(
    values: Float[np.ndarray, "rows columns"], limit: int | float, n_levels: int, *, signed: bool
) -> Int[np.ndarray, "rows columns"]:
    """Return the ramp level of each value, BLANK if it is not finite."""
    finite = np.isfinite(values)
    bound = limit if 0 < limit < np.inf else 1.0
    shares = np.clip(np.where(finite, values, 0.0), -bound, bound) / bound
    levels = np.rint(((shares + 1) / 2 if signed else shares.clip(0)) * (n_levels - 1)).astype(np.int64)
    return np.where(finite, levels, BLANK)
