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
_STEADY_LABEL_WIDTH = 4
"""Room kept for the labels of y, so that the picture does not shift when `1` becomes `1e-3`."""

_Points = Float[np.ndarray, " _"]


Band: TypeAlias = tuple[Real[np.ndarray, " point"], Real[np.ndarray, " point"]]
"""The lowest and the highest value at each step."""


@dataclass(frozen=True)
class Series:
    """One curve: a value y at each step x, ascending; what is not finite is not drawn."""

    label: str
    x: Real[np.ndarray, " point"]
    y: Real[np.ndarray, " point"]
    role: Role
    band: Band | None = None
    """Where y is a mean: between which values the others lie."""


class _Edges(NamedTuple):
    """A band in the coordinates of its axes."""

    x: _Points
    low: _Points
    high: _Points


@dataclass(frozen=True)
class Mark:
    """A step that something happened at: a swap, a milestone."""

    x: int | float
    label: str
    role: Role


@dataclass(frozen=True)
class _Frame:
    """Where on the sheet the canvas of the curves lies, and what its axes say."""

    x: Axis
    y: Axis
    left: int
    width: int
    height: int
    y_ticks: Sequence[Tick]
    top: int = 1
    """The line above the canvas holds the legend and the labels of marks: nothing ever hides the data."""

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
    """Draw series over steps in `height` lines of `width` cells; the later series lie on top.

    Limits are in units of the data; without them an axis fits the data, and y is rounded outwards. On a log axis values of y
    that are not positive are left out, and step 0 is shown at the first positive step. Less than 8 by 8 cells stay blank.
    """
    cells = Cells(width, height)
    if min(width, height) < _SMALLEST_PICTURE:
        return cells.rows()
    marked = np.array([mark.x for mark in marks], dtype=np.float64)
    *steps, marked = steps_to_coordinates([*(one.x for one in series), marked], x_scale)
    values = [to_coordinates(one.y, y_scale) for one in series]
    curves = [_finite(x, y) for x, y in zip(steps, values, strict=True)]
    x_axis = fit_axis([x for x, _ in curves], x_scale, x_limits)
    bands = [_band(one, x, y_scale) for one, x in zip(series, steps, strict=True)]
    edges = [edge for band in bands if band is not None for edge in (band.low, band.high)]
    y_axis = fit_axis([*(y for _, y in curves), *edges], y_scale, y_limits, rounded=True)
    frame = _lay_out(x_axis, y_axis, width=width, height=height)
    shown = [(mark, frame.column(x)) for mark, x in zip(marks, marked.tolist(), strict=True) if x_axis.holds(x)]
    _draw_frame(cells, frame, palette)
    _draw_marks(cells, frame, shown, palette)
    for one, band in zip(series, bands, strict=True):
        if band is not None:
            _draw_band(cells, frame, band, palette.inks[one.role])
    for one, (x, y) in zip(series, curves, strict=True):
        _draw_curve(cells, frame, x, y, palette.inks[one.role])
    _draw_header(cells, series, shown, palette)
    return cells.rows()


def _finite(x: _Points, y: _Points) -> tuple[_Points, _Points]:
    finite = np.isfinite(x) & np.isfinite(y)
    return x[finite], y[finite]


def _band(series: Series, x: _Points, y_scale: Scale) -> _Edges | None:
    """Bring the band of a series to the coordinates of its axes; None where there is nothing of it."""
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


def _draw_marks(cells: Cells, frame: _Frame, marks: Sequence[tuple[Mark, int]], palette: Palette) -> None:
    for mark, column in marks:
        cells.stamp(frame.top, column, [palette.box.mark] * frame.height, palette.inks[mark.role].style)


def _draw_curve(cells: Cells, frame: _Frame, x: _Points, y: _Points, ink: Ink) -> None:
    """Draw what lies on the x axis; y is held near the canvas: on a far point plotext crashes the process."""
    inside = (x >= frame.x.low) & (x <= frame.x.high)
    beyond = frame.y.high - frame.y.low
    x, y = decimate(x[inside], y[inside].clip(frame.y.low - beyond, frame.y.high + beyond), 2 * frame.width)
    if x.size:
        lines = draw_line(x, y, (frame.x, frame.y), (frame.width, frame.height), ink.marker)
        cells.stamp(frame.top, frame.left, lines, ink.style)


def _draw_band(cells: Cells, frame: _Frame, band: _Edges, ink: Ink) -> None:
    """Shade what lies between the edges, in every column that their steps pass."""
    # In shares of the axes, because a slope between values of a diverging run may overflow.
    centers = (np.arange(frame.width) + 0.5) / frame.width
    x, low, high = frame.x.shares(band.x), 1 - frame.y.shares(band.low), 1 - frame.y.shares(band.high)
    lowest, highest = np.interp(centers, x, low), np.interp(centers, x, high)
    shade = np.full((frame.height, frame.width), " ", dtype="<U1")
    for column in np.flatnonzero((centers >= x[0]) & (centers <= x[-1])).tolist():
        top, bottom = (cell_of(float(edge[column]), frame.height) for edge in (highest, lowest))
        shade[top : bottom + 1, column] = ink.shade
    cells.stamp(frame.top, frame.left, ["".join(row) for row in shade], ink.style)


def _draw_header(cells: Cells, series: Sequence[Series], marks: Sequence[tuple[Mark, int]], palette: Palette) -> None:
    """Write the legend, on the side that holds fewer marks, and each mark's label beside its line where there is room."""
    entries = [(f"{palette.inks[one.role].sample} {palette.printable(one.label)}", palette.inks[one.role]) for one in series]
    n_left = sum(column < cells.width / 2 for _, column in marks)
    width = sum(len(entry) + 2 for entry, _ in entries)
    start = column = max(cells.width - width, 0) if 2 * n_left > len(marks) else 0
    for entry, ink in entries:
        cells.write(0, column, entry, ink.style)
        column += len(entry) + 2
    taken = [range(start, column)]
    by_column = sorted(marks, key=lambda marked: marked[1])
    ends = [*(column for _, column in by_column), cells.width][1:]
    for (mark, at), end in zip(by_column, ends, strict=True):
        label = palette.printable(mark.label)
        place = _free_place(label, at, end, taken)
        if place is not None:
            cells.write(0, place, label, palette.inks[mark.role].style)
            taken.append(range(place, place + len(label) + 1))


def _free_place(label: str, column: int, end: int, taken: Sequence[range]) -> int | None:
    """Say where a label may begin: at its column if it ends before `end`, or so as to end there; None if neither is free."""
    for start in (column, column - len(label) + 1):
        stop = start + len(label)
        if start >= 0 and stop <= end and not any(start < other.stop and stop >= other.start for other in taken):
            return start
    return None
