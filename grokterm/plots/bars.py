"""Vertical bars, some of them highlighted."""

from collections.abc import Collection, Mapping

import numpy as np
from jaxtyping import Float, Int, Shaped

from grokterm.plots.axis import Axis
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_ASCII_ORDINARY = " ....::::"
_ASCII_HIGHLIGHTED = " ++++####"


def draw_bars(  # noqa: PLR0913 - each is one property of the picture
    values: Float[np.ndarray, " bar"],
    *,
    width: int,
    height: int,
    highlighted: Collection[int],
    palette: Palette,
    first: int = 1,
    names: Mapping[int, str] | None = None,
) -> Rows:
    """Draw values, scaled to the largest, in `height` lines of `width` cells; the last line holds the labels.

    Bars are numbered from `first`; `highlighted` holds such numbers, and `names` replace them as labels. With more bars than
    cells, each cell shows the largest of its neighbors. Values that are not positive and finite have no bar.
    """
    cells = Cells(width, height)
    if width < 1 or height < 2 or values.size == 0:
        return cells.rows()
    per_column = -(-values.size // width)
    bars = _largest(np.where(np.isfinite(values) & (values > 0), values, 0.0), per_column)
    is_highlighted = _largest(np.isin(np.arange(first, first + values.size), list(highlighted)), per_column)
    levels = _levels(bars, height - 1)
    ordinary, highlights = (_ASCII_ORDINARY, _ASCII_HIGHLIGHTED) if palette.is_ascii else (_EIGHTHS, _EIGHTHS)
    characters = np.where(is_highlighted, np.array([*highlights])[levels], np.array([*ordinary])[levels])
    codes = np.where(levels == 0, 0, np.where(is_highlighted, 2, 1))

    roomy = ((thickness, 1) for thickness in (3, 2, 1) if bars.size * (thickness + 1) - 1 <= width)
    thickness, gap = next(roomy, (1, 0))  # the widest that fit
    pitch = thickness + gap
    column = np.arange(bars.size * pitch - gap)
    is_gap = column % pitch >= thickness
    styles = (None, palette.inks["dim"].style, palette.inks["key_frequency"].style)
    characters, codes = characters[:, column // pitch], codes[:, column // pitch]
    cells.paint(np.where(is_gap, " ", characters), np.where(is_gap, 0, codes), lambda code: styles[code])

    if names is None:
        room = 2 * len(str(first + values.size)) + 1
        names = {number: str(number) for number in _labeled_numbers(first, values.size, at_most=max(column.size // room, 2))}
    labels = [((number - first) // per_column * pitch + thickness // 2, name) for number, name in names.items()]
    cells.write_labels(height - 1, labels, palette.inks["dim"].style)
    return cells.rows()


def _largest(values: Shaped[np.ndarray, " bar"], n: int) -> Shaped[np.ndarray, " column"]:
    """Return the largest of every n neighbors."""
    merged: Shaped[np.ndarray, " column"] = np.pad(values, (0, -values.size % n)).reshape(-1, n).max(axis=1)
    return merged


def _levels(bars: Float[np.ndarray, " column"], n_rows: int) -> Int[np.ndarray, "row column"]:
    """Return how many eighths of each cell a bar fills, upper row first."""
    largest = bars.max()
    eighths = np.ceil(bars / (largest if largest > 0 else 1.0) * 8 * n_rows - 1e-9).astype(np.int64)
    filled: Int[np.ndarray, "row column"] = np.clip(eighths - 8 * np.arange(n_rows)[::-1, None], 0, 8)
    return filled


def _labeled_numbers(first: int, n_bars: int, *, at_most: int) -> list[int]:
    """Return the first number and round ones after it."""
    ticks = Axis("linear", float(first), float(first + n_bars - 1)).ticks(at_most) if n_bars > 1 else []
    return sorted({first, *(int(tick.position) for tick in ticks if float(tick.position).is_integer())})
