"""The map of a sweep over two axes: a tile for each point, colored by the measure."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Float
from rich.segment import Segment

from grokterm.experiment.sweep import Sweep, short_name
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.estimates import never_mark, unknown_mark
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import Palette
from grokterm.plots.text_lines import StyledText, draw_text
from grokterm.plots.ticks import short_number
from grokterm.sweeps.layout import SweptMap, map_of
from grokterm.sweeps.measuring.outcomes import PointOutcome

LEAST_VALUES = 3  # of both axes, from which a map says more than lines

KEY_CELLS = 10  # of the color key

BELOW = 2  # lines below the map: the labels of one axis, and the key


def prefers_map(sweep: Sweep, outcomes: Sequence[PointOutcome]) -> bool:
    """Tell whether a map says more than lines: over two axes of numbers, if none was chosen to be below a curve."""
    found = map_of(sweep, outcomes)
    if found is None or sweep.over:
        return False
    axes = (found.below, found.beside)
    return all(len(axis.values) >= LEAST_VALUES and axis.is_numeric for axis in axes)


def draw_map(found: SweptMap, *, width: int, height: int, palette: Palette) -> Rows:
    """Draw a map in `height` lines of `width` cells: the largest value beside it is on top, and a key of colors below."""
    name = f"{found.measure} over {short_name(found.below.name)} and {short_name(found.beside.name)}"
    heading = draw_text([[(palette.printable(name), palette.inks["text"].style)]], width=width, palette=palette)[:1]
    labels = [palette.printable(label) for label in found.beside.labels]
    left = min(max(map(len, labels)), width // 3) + 1
    n_up, n_across = found.values.shape
    room = height - len(heading) - BELOW
    tile = max((width - left) // n_across, 1), max(room // n_up, 1)
    lines = min(n_up * tile[1], room)
    columns = min(n_across * tile[0], width - left)
    if room < 1 or columns < 1:
        return [*heading, *Cells(width, height - len(heading)).rows()][: max(height, 0)]
    cells = Cells(width, height - len(heading))
    picture = draw_heatmap(
        _lit(found.shares[::-1], palette),
        width=columns,
        height=lines,
        limit=1.0,
        palette=palette.with_graphics(None),
        signed=False,
    )
    for row, segments in enumerate(picture):
        _write(cells, row, left, segments)
    _write_labels(cells, found, labels, (left, columns, lines), palette)
    if columns == n_across * tile[0] and lines == n_up * tile[1]:  # else tiles are averaged
        _write_marks(cells, found, (left, *tile), palette)
    _write(cells, lines + 1, 0, draw_text(_key(found, palette), width=width, palette=palette)[0])
    return [*heading, *cells.rows()]


def _lit(shares: Float[np.ndarray, "rows columns"], palette: Palette) -> Float[np.ndarray, "rows columns"]:
    """Leave out the first color, which is about that of the ground: what is lowest is no blank."""
    n_colors = len(palette.shades or palette.sequential)
    least = 1 / (n_colors - 1) if n_colors else 0.0
    lit: Float[np.ndarray, "rows columns"] = least + (1 - least) * shares
    return lit


def _write(cells: Cells, row: int, column: int, segments: Iterable[Segment]) -> None:
    for segment in segments:
        cells.write(row, column, segment.text, segment.style)
        column += len(segment.text)


def _write_labels(cells: Cells, found: SweptMap, labels: Sequence[str], area: tuple[int, int, int], palette: Palette) -> None:
    """Write the values of both axes, as many as have room."""
    left, columns, lines = area
    dim = palette.inks["dim"].style
    n_up, n_across = found.values.shape
    last = -1
    for place, label in enumerate(reversed(labels)):
        row = (2 * place + 1) * lines // (2 * n_up)
        if row != last:
            cells.write(row, max(left - 1 - len(label), 0), label[: left - 1], dim)
        last = row
    below = map(palette.printable, found.below.labels)
    across = [(left + (2 * place + 1) * columns // (2 * n_across), label) for place, label in enumerate(below)]
    cells.write_labels(lines, across, dim)


def _write_marks(cells: Cells, found: SweptMap, area: tuple[int, int, int], palette: Palette) -> None:
    """Mark the tiles that have no color: those that have diverged, did not reach a step, or of which nothing is known yet."""
    left, across, down = area
    n_up = len(found.values)
    for mark, _, tiles in _marked(found, palette):
        style = palette.inks["dim" if mark == unknown_mark(palette) else "text"].style
        for up, place in np.argwhere(tiles).tolist():
            cells.write((n_up - 1 - up) * down + down // 2, left + place * across + (across - 1) // 2, mark, style)


def _marked(found: SweptMap, palette: Palette) -> Iterator[tuple[str, str, Bool[np.ndarray, "beside below"]]]:
    """Return the marks of tiles without a color, what they mean, and where they stand."""
    others = ~found.has_diverged
    yield "x" if palette.is_ascii else "×", "diverged", found.has_diverged
    yield never_mark(palette), "never", np.isposinf(found.values) & others
    yield unknown_mark(palette), "not yet", np.isnan(found.values) & others


def _key(found: SweptMap, palette: Palette) -> list[StyledText | str]:
    """Say what the colors and marks mean."""
    ramp = _lit(np.linspace(0, 1, KEY_CELLS)[None], palette)
    colors = draw_heatmap(ramp, width=KEY_CELLS, height=1, limit=1.0, palette=palette.with_graphics(None), signed=False)[0]
    low, high = (short_number(float(f"{value:.3g}")) for value in found.limits)
    key: list[StyledText | str] = [[(f"{low} ", None), *((one.text, one.style) for one in colors), (f" {high}", None)]]
    return [*key, *(f"{mark} {meaning}" for mark, meaning, tiles in _marked(found, palette) if tiles.any())]
