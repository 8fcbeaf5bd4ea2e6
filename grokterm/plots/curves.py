"""Curves over steps: series, marked steps, two axes and a legend."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Real

from grokterm.plots.axis import Axis, Limits, Scale, Tick, cell_of, decimate, fit_axis, steps_to_coordinates, to_coordinates
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Ink, Palette, Role
from grokterm.plots.raster import draw_line

_SMALLEST_PICTURE = 8
_STEADY_LABEL_WIDTH = 4  # least width of the y labels, so that the picture does not shift when `1` becomes `1e-3`

_Points = Float[np.ndarray, " _"]


Band: TypeAlias = tuple[Real[np.ndarray, " point"], Real[np.ndarray, " point"]]
"""The lowest and the highest value at each step."""


@dataclass(frozen=True)
class Series:
    """One curve: a value y at each step x, ascending; points that are not finite are not drawn."""

    label: str
    x: Real[np.ndarray, " point"]
    y: Real[np.ndarray, " point"]
    role: Role
    band: Band | None = None
    """Lowest and highest value at each step, if y is a mean."""


class _Edges(NamedTuple):
    """A band in the coordinates of its axes."""

    x: _Points
    low: _Points
    high: _Points


@dataclass(frozen=True)
class Mark:
    """An event at a step: a swap, a milestone."""

    x: int | float
    label: str
    role: Role


@dataclass(frozen=True)
class _Frame:
    """The position of the canvas on the grid, and its axes."""

    x: Axis
    y: Axis
    left: int
    width: int
    height: int
    y_ticks: Sequence[Tick]
    top: int = 1
    """The line above the canvas holds legend and labels of marks, which would hide data inside it."""

    def column(self, coordinate: float) -> int:
        return self.left + self.x.cell(coordinate, self.width)

    def row(self, coordinate: float) -> int:
        return self.top + self.y.cell_from_above(coordinate, self.height)


def draw_curves(  # noqa: PLR0913 - each is one property of the picture
    series: Sequence[Series],
    marks: Sequence[Mark],
    *,
    width: int,
    height: int,
    x_scale: Scale,
    y_scale: Scale,
    y_limits: Limits | None,
    palette: Palette,
    x_limits: Limits | None = None,
) -> Rows:
    """Draw series over steps in `height` lines of `width` cells, later series on top.

    Limits are in units of the data; without them an axis fits the data, and y is rounded outwards. A log axis leaves out y
    values that are not positive, and shows step 0 at the first positive step. Less than 8 by 8 cells stay blank.
    """
    cells = Cells(width, height)
    if min(width, height) < _SMALLEST_PICTURE:
        return cells.rows()
    marked = np.array([mark.x for mark in marks], dtype=np.float64)
    *steps, marked = steps_to_coordinates([*(curve.x for curve in series), marked], x_scale)
    values = [to_coordinates(curve.y, y_scale) for curve in series]
    curves = [_finite(x, y) for x, y in zip(steps, values, strict=True)]
    x_axis = fit_axis([x for x, _ in curves], x_scale, x_limits)
    bands = [_band(curve, x, y_scale) for curve, x in zip(series, steps, strict=True)]
    edges = [edge for band in bands if band is not None for edge in (band.low, band.high)]
    y_axis = fit_axis([*(y for _, y in curves), *edges], y_scale, y_limits, rounded=True)
    frame = _lay_out(x_axis, y_axis, width=width, height=height)
    positions = zip(marks, marked.tolist(), strict=True)
    visible = [(mark, frame.column(x)) for mark, x in positions if x_axis.low <= x <= x_axis.high]
    _draw_frame(cells, frame, palette)
    for mark, column in visible:
        cells.stamp(frame.top, column, [palette.box.mark] * frame.height, palette.inks[mark.role].style)
    for curve, band in zip(series, bands, strict=True):
        if band is not None:
            _draw_band(cells, frame, band, palette.inks[curve.role])
    for curve, (x, y) in zip(series, curves, strict=True):
        _draw_curve(cells, frame, x, y, palette.inks[curve.role])
    _draw_header(cells, series, visible, palette)
    return cells.rows()


def _finite(x: _Points, y: _Points) -> tuple[_Points, _Points]:
    finite = np.isfinite(x) & np.isfinite(y)
    return x[finite], y[finite]


def _band(series: Series, x: _Points, y_scale: Scale) -> _Edges | None:
    """Return the band of a series in axis coordinates; None without finite points."""
    if series.band is None:
        return None
    low, high = (to_coordinates(edge, y_scale) for edge in series.band)
    finite = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    return _Edges(x[finite], low[finite], high[finite]) if finite.any() else None


def _lay_out(x: Axis, y: Axis, *, width: int, height: int) -> _Frame:
    n_rows = height - 3  # above: the header; below: the axis and its labels
    longest = max(width // 3, _STEADY_LABEL_WIDTH)
    ticks = [tick for tick in y.ticks(n_rows // 3) if len(tick.label) <= longest]
    left = 1 + max([_STEADY_LABEL_WIDTH, *(len(tick.label) for tick in ticks)])
    return _Frame(x, y, left=left, width=width - left, height=n_rows, y_ticks=ticks)


def _draw_frame(cells: Cells, frame: _Frame, palette: Palette) -> None:
    style = palette.inks["dim"].style
    box = palette.box
    bottom = frame.top + frame.height
    for row in range(frame.top, bottom):
        cells.write(row, frame.left - 1, box.side, style)
    cells.write(bottom, frame.left - 1, box.corner + box.floor * frame.width, style)
    for tick in frame.y_ticks:
        label = f"{tick.label}{box.side_tick}"
        cells.write(frame.row(tick.position), frame.left - len(label), label, style)
    ticks = frame.x.ticks(max(frame.width // 8, 2))
    for tick in ticks:
        cells.write(bottom, frame.column(tick.position), box.floor_tick, style)
    cells.write_labels(bottom + 1, [(frame.column(tick.position), tick.label) for tick in ticks], style)


def _draw_curve(cells: Cells, frame: _Frame, x: _Points, y: _Points, ink: Ink) -> None:
    """Draw the points within the x axis, with y clipped near the canvas: a distant point crashes plotext, process included."""
    inside = (x >= frame.x.low) & (x <= frame.x.high)
    beyond = frame.y.high - frame.y.low
    x, y = decimate(x[inside], y[inside].clip(frame.y.low - beyond, frame.y.high + beyond), 2 * frame.width)
    if x.size:
        lines = draw_line(x, y, (frame.x, frame.y), (frame.width, frame.height), ink.marker)
        cells.stamp(frame.top, frame.left, lines, ink.style)


def _draw_band(cells: Cells, frame: _Frame, band: _Edges, ink: Ink) -> None:
    """Shade the cells between the edges."""
    # Interpolates relative positions, because slopes between values of a diverging run may overflow.
    centers = (np.arange(frame.width) + 0.5) / frame.width
    x, low, high = frame.x.shares(band.x), 1 - frame.y.shares(band.low), 1 - frame.y.shares(band.high)
    lowest, highest = np.interp(centers, x, low), np.interp(centers, x, high)
    shade = np.full((frame.height, frame.width), " ", dtype="<U1")
    for column in np.flatnonzero((centers >= x[0]) & (centers <= x[-1])).tolist():
        top, bottom = (cell_of(float(edge[column]), frame.height) for edge in (highest, lowest))
        shade[top : bottom + 1, column] = ink.shade
    cells.stamp(frame.top, frame.left, ["".join(row) for row in shade], ink.style)


def _draw_header(cells: Cells, series: Sequence[Series], marks: Sequence[tuple[Mark, int]], palette: Palette) -> None:
    """Write the legend, on the side with fewer marks, and labels of marks where there is room."""
    inks = [palette.inks[curve.role] for curve in series]
    entries = [(f"{ink.sample} {palette.printable(curve.label)}", ink) for curve, ink in zip(series, inks, strict=True)]
    n_left = sum(column < cells.width / 2 for _, column in marks)
    width = sum(len(entry) + 2 for entry, _ in entries)
    start = column = max(cells.width - width, 0) if 2 * n_left > len(marks) else 0
    for entry, ink in entries:
        cells.write(0, column, entry, ink.style)
        column += len(entry) + 2
    taken = [range(start, column)]
    by_column = sorted(marks, key=lambda marked: marked[1])
    ends = [*(column for _, column in by_column), cells.width][1:]
    for (mark, column), end in zip(by_column, ends, strict=True):
        label = palette.printable(mark.label)
        free = _free_start(label, column, end, taken)
        if free is not None:
            cells.write(0, free, label, palette.inks[mark.role].style)
            taken.append(range(free, free + len(label) + 1))


def _free_start(label: str, column: int, end: int, taken: Sequence[range]) -> int | None:
    """Return where a label starts, left- or right-aligned at its column and before `end`; None if neither is free."""
    for start in (column, column - len(label) + 1):
        stop = start + len(label)
        if start >= 0 and stop <= end and not any(start < span.stop and stop >= span.start for span in taken):
            return start
    return None
