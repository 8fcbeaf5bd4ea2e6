"""The map of a sweep over two axes: a tile for each point, colored by the measure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite, isinf, log10

import numpy as np
from jaxtyping import Float
from rich.segment import Segment

from grokterm.experiment.sweep import Sweep
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.estimates import never_mark, unknown_mark
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import Palette
from grokterm.plots.text_lines import StyledText, draw_text
from grokterm.plots.ticks import short_number
from grokterm.sweeps.measures import measure_name
from grokterm.sweeps.outcomes import PointOutcome
from grokterm.views.sweep.axes import ValueAxis, axis_below, further_axes, is_number, short_name, value_axis
from grokterm.views.sweep.curve import value_scale

LEAST_VALUES = 3  # of both axes, from which a map says more than lines

KEY_CELLS = 10  # of the color key

BELOW = 2  # lines below the map: the labels of one axis, and the key


@dataclass(frozen=True, eq=False)
class SweepMap:
    """The measure at each pair of values; NaN where nothing is known yet, inf where a step was not reached."""

    name: str
    below: ValueAxis
    beside: ValueAxis
    values: Float[np.ndarray, "beside below"]
    limits: tuple[float, float]
    """The values of the first and the last color."""

    is_logarithmic: bool

    @property
    def shares(self) -> Float[np.ndarray, "beside below"]:
        """Where values lie between the limits; NaN where there is no color."""
        low, high = self.limits
        values = np.where(np.isfinite(self.values), self.values, np.nan)
        if self.is_logarithmic:
            low, high, values = log10(low), log10(high), np.log10(values)
        shares: Float[np.ndarray, "beside below"] = (values - low) / (high - low if high > low else 1.0)
        return shares


def prefers_map(sweep: Sweep, outcomes: Sequence[PointOutcome]) -> bool:
    """Tell whether a map says more than lines: over two axes of numbers, if none was chosen to be below a curve."""
    found = map_of(sweep, outcomes)
    if found is None or sweep.over:
        return False
    axes = (found.below, found.beside)
    return all(len(axis.values) >= LEAST_VALUES and all(map(is_number, axis.values)) for axis in axes)


def map_of(sweep: Sweep, outcomes: Sequence[PointOutcome]) -> SweepMap | None:
    """Make a map of the points of a sweep; None if it has not two axes."""
    columns = [outcome.point.columns for outcome in outcomes]
    below = axis_below(sweep, columns)
    others = further_axes(sweep, below)
    if len(others) != 1 or sweep.search is not None or not columns:
        return None
    (beside,) = others
    across, up = (value_axis(name, [one[name] for one in columns]) for name in (below, beside))
    values = np.full((len(up.values), len(across.values)), np.nan)
    for outcome, one in zip(outcomes, columns, strict=True):
        if outcome.estimate is not None:
            values[up.places[one[beside]], across.places[one[below]]] = outcome.estimate.center
    scale, limits = value_scale(sweep.measure, outcomes)
    finite = values[np.isfinite(values)]
    low, high = limits or ((float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0))
    name = f"{short_name(measure_name(sweep))} over {short_name(below)} and {short_name(beside)}"
    return SweepMap(name, across, up, values, (low, high), scale == "log")


def draw_map(found: SweepMap, *, width: int, height: int, palette: Palette) -> Rows:
    """Draw a map in `height` lines of `width` cells: the largest value beside it is on top, and a key of colors below."""
    heading = draw_text([[(palette.printable(found.name), palette.inks["text"].style)]], width=width, palette=palette)[:1]
    labels = [palette.printable(tick.label) for tick in found.beside.ticks]
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


def _write_labels(cells: Cells, found: SweepMap, labels: Sequence[str], area: tuple[int, int, int], palette: Palette) -> None:
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
    across = [(left + (2 * place + 1) * columns // (2 * n_across), tick.label) for place, tick in enumerate(found.below.ticks)]
    cells.write_labels(lines, across, dim)


def _write_marks(cells: Cells, found: SweepMap, area: tuple[int, int, int], palette: Palette) -> None:
    """Mark the tiles that have no color: those of which nothing is known yet, and those where a step was not reached."""
    left, across, down = area
    for up, beside in enumerate(found.values[::-1].tolist()):
        for place, value in enumerate(beside):
            if not isfinite(value):
                mark = never_mark(palette) if isinf(value) else unknown_mark(palette)
                style = palette.inks["text" if isinf(value) else "dim"].style
                cells.write(up * down + down // 2, left + place * across + (across - 1) // 2, mark, style)


def _key(found: SweepMap, palette: Palette) -> list[StyledText | str]:
    """Say what the colors and marks mean."""
    ramp = _lit(np.linspace(0, 1, KEY_CELLS)[None], palette)
    colors = draw_heatmap(ramp, width=KEY_CELLS, height=1, limit=1.0, palette=palette.with_graphics(None), signed=False)[0]
    low, high = (short_number(float(f"{value:.3g}")) for value in found.limits)
    key: list[StyledText | str] = [[(f"{low} ", None), *((one.text, one.style) for one in colors), (f" {high}", None)]]
    if np.isposinf(found.values).any():
        key.append(f"{never_mark(palette)} never")
    if np.isnan(found.values).any():
        key.append(f"{unknown_mark(palette)} not yet")
    return key
