"""Estimates over an axis: marks with error bars, joined by lines.

What is infinite stands above the picture, what is not known yet on the axis below.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isinf, isnan
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from grokterm.plots.axis import Axis, Limits, Scale, fit_axis, to_coordinates
from grokterm.plots.canvas import Canvas
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.curves.frames import Layout, draw_floor, draw_sides, lay_out
from grokterm.plots.palettes import BRAILLE, Ink, Palette, Role
from grokterm.plots.text_lines import StyledText, draw_text
from grokterm.plots.ticks import Tick, choose_ticks

if TYPE_CHECKING:
    from rich.style import Style

ROLES: tuple[Role, ...] = ("first", "second", "third", "fourth", "fifth", "sixth")
MARKS, ASCII_MARKS = "●■▲◆○□△◇▼", "ox+*#%@&="

NEVER = "never"  # what the line above the axis is called
BELOW = 2  # rows below the values: the axis and its labels
LEAST_HEIGHT, LEAST_WIDTH = 6, 16
MOST_LEGEND = 3  # part of the height
MOST_BARRED = 12  # lines up to which error bars can be told apart
LEAST_MARGIN = 0.03  # of the axis, beside the first and the last value

Points = Float[np.ndarray, " point"]


@dataclass(frozen=True, eq=False)
class Estimates:
    """One line: a center and an interval at positions of the axis, ascending; inf where it is beyond all, NaN where unknown."""

    label: str
    x: Points
    center: Points
    low: Points
    high: Points
    is_partial: Bool[np.ndarray, " point"]
    """Whether more is to come at a point, which is drawn dimmed."""


class Bracket(NamedTuple):
    """An interval of the axis, where a line crosses a value."""

    center: float
    low: float
    high: float
    line: int
    """Which."""


@dataclass(frozen=True, eq=False)
class EstimateChart:
    """Lines over one axis of named positions."""

    name: str
    lines: Sequence[Estimates]
    ticks: Sequence[Tick]
    """Every value of the axis below, in order."""

    y_scale: Scale = "linear"
    y_limits: Limits | None = None
    brackets: Sequence[Bracket] = field(default=())


def mark_of(line: int, palette: Palette) -> str:
    """Return the character that stands for a line."""
    marks = ASCII_MARKS if palette.is_ascii else MARKS
    return marks[line % len(marks)]


def never_mark(palette: Palette) -> str:
    """Return the character of what is infinite: a step that was not reached."""
    return "^" if palette.is_ascii else "↑"


def unknown_mark(palette: Palette) -> str:
    """Return the character of what is not known yet."""
    return "." if palette.is_ascii else "·"


def draw_estimates(chart: EstimateChart, *, width: int, height: int, palette: Palette) -> Rows:
    """Draw a chart in `height` lines of `width` cells; what has no room below the legend is left out."""
    legend = draw_text(_legend(chart, palette), width=width, palette=palette)
    legend = legend[: max(height // MOST_LEGEND, 1)]
    has_never = any(np.isposinf(line.center).any() for line in chart.lines)
    room = height - len(legend) + (not has_never)  # the first row of the panel is for what is never
    if room < LEAST_HEIGHT or width < LEAST_WIDTH or not (chart.ticks and chart.lines):
        return [*legend, *Cells(width, height - len(legend)).rows()][: max(height, 0)]
    layout = _lay_out(chart, width, room - BELOW, has_never=has_never)
    ticks = [Tick(tick.position, palette.printable(tick.label)) for tick in chart.ticks]
    cells = Cells(width, room)
    draw_sides(cells, layout, palette)
    if has_never:
        cells.write(0, layout.left - 1 - len(NEVER), NEVER + palette.box.side_tick, palette.inks["dim"].style)
    draw_floor(cells, layout, _labeled(ticks, layout, width), palette)
    _Sketch(cells, chart, layout, palette).draw()
    return [*legend, *cells.rows()[not has_never :]]


def _legend(chart: EstimateChart, palette: Palette) -> list[StyledText]:
    name = [(palette.printable(chart.name), palette.inks["text"].style)]
    if len(chart.lines) == 1 and not chart.lines[0].label:
        return [name]
    samples = ((mark_of(number, palette), _ink(number, palette).style, line.label) for number, line in enumerate(chart.lines))
    return [name, *([(f"{mark} {palette.printable(label)}", style)] for mark, style, label in samples)]


def _ink(line: int, palette: Palette) -> Ink:
    return palette.inks[ROLES[line % len(ROLES)]]


def _lay_out(chart: EstimateChart, width: int, room: int, *, has_never: bool) -> Layout:
    edges = [to_coordinates(edge, chart.y_scale) for line in chart.lines for edge in (line.center, line.low, line.high)]
    y = fit_axis(edges, chart.y_scale, chart.y_limits, rounded=True)
    first, last = chart.ticks[0].position, chart.ticks[-1].position
    distance = min((b.position - a.position for a, b in pairwise(chart.ticks)), default=1.0)
    margin = max(min(distance / 2, (last - first) / 8), (last - first) * LEAST_MARGIN) or 0.5
    layout = lay_out([y], Axis("linear", first - margin, last + margin), width, room)
    left = max(layout.left, len(NEVER) + 1 if has_never else 0)
    return layout._replace(left=left, width=width - left)


def _labeled(ticks: Sequence[Tick], layout: Layout, width: int) -> Sequence[Tick]:
    """Choose every value of the axis, or every second, ...: as many as have room."""
    if len(ticks) == 1:
        return ticks
    sets = [ticks[::stride] for stride in range(1, len(ticks))]
    return choose_ticks(sets, len(ticks), lambda some: layout.has_room(some, width))


class _Sketch:
    """Draws the lines of a chart on cells."""

    def __init__(self, cells: Cells, chart: EstimateChart, layout: Layout, palette: Palette) -> None:
        self._cells, self._chart, self._layout, self._palette = cells, chart, layout, palette
        self._frame = layout.frames[0]
        self._apart = self._distance()

    def draw(self) -> None:
        """Draw brackets below lines, and lines below marks."""
        canvas = Canvas(self._layout.width, self._frame.height)
        for bracket in self._chart.brackets:
            column = self._layout.x.cell(bracket.center, self._layout.width)
            canvas.column(column, self._palette.box.mark, _ink(bracket.line, self._palette).style)
        for number in range(len(self._chart.lines)):
            self._draw_line(canvas, number)
        canvas.paint(self._cells, self._frame.top, self._layout.left)
        for number in range(len(self._chart.lines)):
            self._write_marks(number)
        for bracket in sorted(self._chart.brackets, key=lambda one: one.low - one.high):  # a longer one hides no shorter one
            first, last = (self._layout.column(end) for end in (bracket.low, bracket.high))
            floor = ("=" if self._palette.is_ascii else "━") * (last - first + 1)
            self._cells.write(self._layout.bottom, first, floor, _ink(bracket.line, self._palette).style)

    def _distance(self) -> float:
        """Return how many cells lines stand apart from each other, so that none hides the marks of another."""
        columns = [self._layout.column(tick.position) for tick in self._chart.ticks]
        room = min((b - a for a, b in pairwise(columns)), default=self._layout.width // 2) - 1
        return min(1.0, max(room, 0) / len(self._chart.lines))

    def _shares(self, number: int) -> Points:
        """Return where the points of a line stand, as shares of the width."""
        middle = (len(self._chart.lines) - 1) / 2
        shares: Points = (
            self._layout.x.shares(self._chart.lines[number].x) + (number - middle) * self._apart / self._layout.width
        )
        return shares.clip(0, 1 - 1e-9)

    def _draw_line(self, canvas: Canvas, number: int) -> None:
        """Draw the error bars, one a column, and lines between neighbors of which both are known."""
        line, x, ink = self._chart.lines[number], self._shares(number), _ink(number, self._palette)
        is_fine = ink.marker == BRAILLE
        bar, pen = (ink, ink) if is_fine else (replace(ink, marker="|"), replace(ink, marker="."))
        center, low, high = (self._down(edge) for edge in (line.center, line.low, line.high))
        has_bar = ~np.isnan(line.center) & np.isfinite(low) & (low - high > 1 / (2 * self._frame.height))
        bars = np.flatnonzero(has_bar if len(self._chart.lines) <= MOST_BARRED else False)
        _, firsts = np.unique((x[bars] * self._layout.width).astype(np.int64), return_index=True)
        for at in bars[firsts]:
            canvas.curve(x[[at, at]], np.array([high[at], low[at]]), bar)
        is_known = np.isfinite(line.center) & np.isfinite(center)
        for part in np.split(np.arange(len(x)), np.flatnonzero(~is_known)):
            known = part[is_known[part]]
            if known.size > 1:
                canvas.curve(x[known], center[known], pen)

    def _down(self, values: Points) -> Points:
        """Return positions from the top of the frame, 0 where a value is infinite."""
        shares: Points = 1 - self._frame.axis.shares(to_coordinates(values, self._chart.y_scale))
        return np.where(np.isposinf(values), 0.0, shares)

    def _write_marks(self, number: int) -> None:
        line, palette, frame = self._chart.lines[number], self._palette, self._frame
        mark, style, dim = mark_of(number, palette), _ink(number, palette).style, palette.inks["dim"].style
        columns = self._layout.left + (self._shares(number) * self._layout.width).astype(np.int64)
        lowest = frame.height - 1
        rows = (
            np.where(np.isfinite(down := self._down(line.center)), down * frame.height, lowest).astype(np.int64).clip(0, lowest)
        )
        marks: dict[tuple[int, int], tuple[str, Style | None]] = {}
        for row, column, center, is_partial in zip(
            (frame.top + rows).tolist(), columns.tolist(), line.center.tolist(), line.is_partial.tolist(), strict=True
        ):
            known = dim if is_partial else style
            if isnan(center):
                marks.setdefault((row, column), (unknown_mark(palette), dim))
            elif isinf(center):
                marks[frame.top - 1, column] = never_mark(palette), known
            else:
                marks[row, column] = mark, known
        for (row, column), (text, of_mark) in marks.items():
            self._cells.write(row, column, text, of_mark)
