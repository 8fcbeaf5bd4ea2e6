"""How a matrix fits the pixels of a panel: enlarged by whole cells where there is room, averaged by area where there is not."""

import numpy as np
from jaxtyping import Float, Shaped

Size = tuple[int, int]
"""Pixel rows and columns. A square has `columns_per_row` times as many columns as rows."""

_LARGEST = 1e200  # larger values may overflow in sums; no float32 is that large


def fitting(n_values: int, room: int) -> int:
    """Return how many pixels of a row or column are filled: a whole number for each value, or else all that there are."""
    return n_values * (room // n_values) if 0 < n_values <= room else max(room, 0) * (n_values > 0)


def square(side: int, room: Size, columns_per_row: int) -> Size:
    """Return the size of the largest square picture of a table, all of it."""
    filled = fitting(side, min(room[0], room[1] // columns_per_row))
    return filled, filled * columns_per_row


def enlarged(shape: Size, room: Size, columns_per_row: int) -> Size:
    """Return the size of a picture with one pixel or more for each value, which are square if there is room."""
    wide = columns_per_row if shape[1] * columns_per_row <= room[1] else 1
    scale = max(min(room[0] // max(shape[0], 1), room[1] // max(shape[1] * wide, 1)), 1)
    return shape[0] * scale, shape[1] * scale * wide


def resized(
    values: Float[np.ndarray, "*maps rows columns"], n_rows: int, n_columns: int
) -> Float[np.ndarray, "*maps n_rows n_columns"]:
    """Give each pixel the mean of the finite values under it, by the area of each; NaN where there are none.

    A value on the border of two pixels counts for both. Taking every n-th instead would show a short wave as a longer one.
    """
    finite = np.abs(values) <= _LARGEST
    known = np.where(finite, values, 0.0)
    if values.shape[-2:] == (n_rows, n_columns):
        return np.where(finite, known, np.nan)
    weight, total = (_sums(_sums(each, n_rows, axis=-2), n_columns, axis=-1) for each in (finite, known))
    mean: Float[np.ndarray, "*maps n_rows n_columns"] = np.divide(
        total, weight, out=np.full_like(total, np.nan), where=weight > 1e-9
    )
    return mean


def _sums(values: Shaped[np.ndarray, "..."], n_pixels: int, axis: int) -> Float[np.ndarray, "..."]:
    """Add up the values under each pixel along an axis, those on its border by their share.

    As differences of running sums: a matrix product would start the threads of the linear algebra library, which then take
    processors from the training.
    """
    lines = np.moveaxis(values, axis, 0).astype(np.float64)
    none = np.zeros_like(lines[:1])
    before, at = np.concatenate([none, np.cumsum(lines, axis=0)]), np.concatenate([lines, none])
    whole, rest = np.divmod(np.arange(n_pixels + 1) * len(lines), max(n_pixels, 1))
    share = (rest / max(n_pixels, 1)).reshape(-1, *[1] * (lines.ndim - 1))
    sums: np.ndarray = np.moveaxis(np.diff(before[whole] + share * at[whole], axis=0), 0, axis)
    return sums


def centered(
    pixels: Shaped[np.ndarray, "rows columns"], room: Size, *, blank: int | float, rows_per_line: int
) -> Shaped[np.ndarray, "more_rows more_columns"]:
    """Put pixels in the middle of blank ones, from the upper edge of a line on."""
    above, left = (all_of - filled for all_of, filled in zip(room, pixels.shape, strict=True))
    above = above // 2 // rows_per_line * rows_per_line
    sheet = np.full(room, blank, dtype=pixels.dtype)
    sheet[above : above + pixels.shape[0], left // 2 : left // 2 + pixels.shape[1]] = pixels
    return sheet
