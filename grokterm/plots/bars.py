"""Vertical bars, some of them highlighted."""

from collections.abc import Collection, Mapping

import numpy as np
from jaxtyping import Float, Int, Shaped

from grokterm.plots.axis import Axis
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette

_EIGHTHS = " ▁▂▃▄▅▆▇█"
_CHARACTERS = {"colors": (_EIGHTHS, _EIGHTHS), "mono": (" ░░░░▒▒▒▒", _EIGHTHS), "ascii": (" ....::::", " ++++####")}
"""How many eighths of a cell are filled, for an ordinary and for a highlighted bar."""

_THICKEST = 7


def draw_bars(  # noqa: PLR0913 - each is one property of the picture
    values: Float[np.ndarray, " bar"],
    *,
    width: int,
    height: int,
    highlighted: Collection[int] = (),
    meant: Float[np.ndarray, " bar"] | None = None,
    palette: Palette,
    first: int = 1,
    names: Mapping[int, str] | None = None,
) -> Rows:
    """Draw values, scaled to the largest, in `height` lines of `width` cells; the last line holds the labels.

    Bars are numbered from `first`; `highlighted` holds such numbers, and `names` replace them as labels. `meant` is the part
    of each bar that is highlighted, from below. With more bars than cells, each cell shows the largest of its neighbors.
    Values that are not positive and finite have no bar.
    """
    cells = Cells(width, height)
    if width < 1 or height < 2 or values.size == 0:
        return cells.rows()
    known = np.where(np.isfinite(values) & (values > 0), values, 0.0)
    is_highlighted = np.isin(np.arange(first, first + values.size), list(highlighted))
    parts = np.where(is_highlighted, known, 0.0 if meant is None else np.minimum(meant, known))
    n_columns = min(values.size, width)
    column_of = np.arange(values.size) * n_columns // values.size
    characters, codes = _paint(_largest(known, column_of), _largest(parts, column_of), height - 1, palette)

    roomy = ((thickness, 1) for thickness in range(_THICKEST, 0, -1) if n_columns * (thickness + 1) - 1 <= width)
    thickness, gap = next(roomy, (1, 0))  # the widest that fit
    pitch = thickness + gap
    column = np.arange(n_columns * pitch - gap)
    left = (width - column.size) // 2
    is_gap = column % pitch >= thickness
    characters, codes = characters[:, column // pitch], codes[:, column // pitch]
    # Without colors ordinary bars are shaded: dim, they would be hard to see.
    styles = (None, palette.inks["dim"].style if palette.diverging else None, palette.inks["key_frequency"].style)
    cells.paint(np.where(is_gap, " ", characters), np.where(is_gap, 0, codes), lambda code: styles[code], at=(0, left))

    if names is None:
        room = 2 * len(str(first + values.size)) + 1
        names = {number: str(number) for number in _labeled_numbers(first, values.size, at_most=max(column.size // room, 2))}
    middles = left + column_of * pitch + thickness // 2
    labels = [(int(middles[number - first]), palette.printable(name)) for number, name in names.items()]
    cells.write_labels(height - 1, labels, palette.inks["dim"].style)
    return cells.rows()


def _paint(
    bars: Float[np.ndarray, " column"], parts: Float[np.ndarray, " column"], n_rows: int, palette: Palette
) -> tuple[Shaped[np.ndarray, "row column"], Int[np.ndarray, "row column"]]:
    """Return the characters of bars, and their codes: 0 for blank, 1 for an ordinary cell, 2 for a highlighted one."""
    tallest, eighths = bars.max() or 1.0, 8 * n_rows
    filled, meant = (_filled(np.ceil(each / tallest * eighths - 1e-9).astype(np.int64), n_rows) for each in (bars, parts))
    is_meant = 2 * meant >= np.maximum(filled, 1)
    ordinary, highlights = _CHARACTERS["ascii" if palette.is_ascii else "colors" if palette.diverging else "mono"]
    characters = np.where(is_meant, np.array([*highlights])[filled], np.array([*ordinary])[filled])
    return characters, np.where(filled == 0, 0, np.where(is_meant, 2, 1))


def _largest(values: Float[np.ndarray, " bar"], column_of: Int[np.ndarray, " bar"]) -> Float[np.ndarray, " column"]:
    """Return the largest value of each column."""
    merged = np.zeros(column_of[-1] + 1)
    np.maximum.at(merged, column_of, values)
    return merged


def _filled(eighths: Int[np.ndarray, " column"], n_rows: int) -> Int[np.ndarray, "row column"]:
    """Return how many eighths of each cell a bar fills, upper row first."""
    filled: Int[np.ndarray, "row column"] = np.clip(eighths - 8 * np.arange(n_rows)[::-1, None], 0, 8)
    return filled


def _labeled_numbers(first: int, n_bars: int, *, at_most: int) -> list[int]:
    """Return the first number and round ones after it."""
    ticks = Axis("linear", float(first), float(first + n_bars - 1)).ticks(at_most) if n_bars > 1 else []
    return sorted({first, *(int(tick.position) for tick in ticks if float(tick.position).is_integer())})
