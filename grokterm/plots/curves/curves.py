"""Curves over steps: panels above each other that share one axis of steps, with values and marked steps."""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from jaxtyping import Bool

from grokterm.plots.axis import Limits, Scale, decimate, steps_to_coordinates
from grokterm.plots.canvas import Canvas
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.curves.frames import Frame, Layout, draw_axes, lay_out
from grokterm.plots.curves.legend import Mark, Marked, label_marks, length, number_marks, write_text
from grokterm.plots.curves.series import Curve, Edges, Panel, Points, Series, value_at, visible, y_axis
from grokterm.plots.lines import Line, LineRaster, Upright
from grokterm.plots.palettes import Palette
from grokterm.plots.pixels import place
from grokterm.plots.text_lines import StyledText, draw_text, shortened

_LEAST_ROWS = {1: 3, 2: 4, 3: 8}  # of each of so many panels, its legend included
_LEAST_WIDTH = 16
_LEAST_NAME = 6  # letters of a name in the legend that is cut
_BELOW = 2  # rows below the panels: the axis of steps and its labels
_ROWS_PER_NOTE = 5
_LEAST_BAND = 0.2  # half rows; a narrower band is the curve itself


def draw_chart(  # noqa: PLR0913 - each is one property of the picture
    panels: Sequence[Panel],
    marks: Sequence[Mark],
    *,
    width: int,
    height: int,
    x_scale: Scale,
    palette: Palette,
    x_limits: Limits | None = None,
    cursor: int | float | None = None,
    notes: Sequence[StyledText] = (),
) -> Rows:
    """Draw panels over the same steps in `height` lines of `width` cells; in each, later series are on top.

    Limits are in units of the data; without them an axis fits what is shown, and y is rounded outwards. A log axis leaves out y
    values that are not positive, and shows step 0 at the first positive step. Panels without room are left out from the end;
    below five lines there are legends only. Legends have the values at the cursor, or the last. Notes follow the axis.
    """
    legends = [_legend(panel, panels, cursor, width, palette) for panel in panels]
    room = height - _BELOW
    n_shown = n_drawn(len(panels), height)
    if not n_shown or width < _LEAST_WIDTH:
        return _legends_alone(legends, width, height)
    panels = panels[:n_shown]
    if _is_only_start(panels):
        x_scale, x_limits = "linear", (0, 1)
    others = np.array([*(mark.x for mark in marks), np.nan if cursor is None else cursor], dtype=np.float64)
    *steps, others = steps_to_coordinates([*(one.x for panel in panels for one in panel.series), others], x_scale)
    x_axis, curves = visible(panels, steps, x_scale, x_limits)
    axes = [y_axis(panel, inside) for panel, inside in zip(panels, curves, strict=True)]
    *positions, at_cursor = others.tolist()
    shown_marks = [(mark, x) for mark, x in zip(marks, positions, strict=True) if x_axis.low <= x <= x_axis.high]

    layout = lay_out(axes, x_axis, width, room)
    labels = label_marks(layout.marked(shown_marks), length(legends[0]) + 2, width, palette)
    listed = [*(number_marks(layout.marked(shown_marks), palette)[1] if labels is None else []), *notes]
    below = draw_text(listed, width=width, palette=palette)[: max(min(height // _ROWS_PER_NOTE, room - _LEAST_ROWS[1]), 0)]
    layout = lay_out(axes, x_axis, width, room - len(below))
    marked = layout.marked(shown_marks)

    cells = Cells(width, height - len(below))
    draw_axes(cells, layout, palette)
    for frame, legend, inside in zip(layout.frames, legends, curves, strict=False):
        write_text(cells, frame.top - 1, legend)
        canvas = _canvas(layout, frame, inside, marked, palette)
        if x_axis.low <= at_cursor <= x_axis.high:
            canvas.highlight(x_axis.cell(at_cursor, layout.width), palette)
        canvas.paint(cells, frame.top, layout.left)
    row, written = (layout.bottom, number_marks(marked, palette)[0]) if labels is None else (0, labels)
    for column, text, style in written:
        cells.write(row, column, text, style)
    uprights = [Upright(at_cursor, None), *(Upright(x, palette.inks[mark.role]) for mark, x in shown_marks)]
    rows = cells.rows() if palette.graphics is None else _with_pixels(cells.rows(), layout, curves, uprights, palette)
    return [*rows, *below]


def _legends_alone(legends: Sequence[StyledText], width: int, height: int) -> Rows:
    cells = Cells(width, height)
    for row, legend in enumerate(legends):
        write_text(cells, row, legend)
    return cells.rows()


def _with_pixels(
    rows: Rows, layout: Layout, curves: Sequence[Sequence[Curve]], uprights: Sequence[Upright], palette: Palette
) -> Rows:
    """Place pixels over the characters of each panel."""
    for frame, inside in zip(layout.frames, curves, strict=False):
        raster = _raster(layout, frame, inside, uprights, palette)
        rows = place(rows, raster, corner=(frame.top, layout.left), size=(layout.width, frame.height))
    return rows


def _is_only_start(panels: Sequence[Panel]) -> bool:
    """Tell whether nothing is known but step 0."""
    steps = [one.x for panel in panels for one in panel.series if len(one.x)]
    return bool(steps) and not any(x.any() for x in steps)


def n_drawn(n_panels: int, height: int) -> int:
    """Return how many of several panels have room in so many lines."""
    return next((n for n in range(min(n_panels, 3), 0, -1) if (height - _BELOW) // n >= _LEAST_ROWS[n]), 0)


def _legend(panel: Panel, panels: Sequence[Panel], cursor: int | float | None, width: int, palette: Palette) -> StyledText:
    """Return the name of a panel, and its series with their values if there is room; the longest names are cut if they must."""
    name = palette.printable(panel.name.ljust(max(len(one.name) + 2 for one in panels if one.name or one is panel)))
    head = [(name, palette.inks["text"].style)] if panel.name else []
    drawn = [one for one in panel.series if one.is_named]
    inks = [palette.inks[one.role] for one in drawn]
    labels = [palette.printable(one.label) for one in drawn]
    values = [f" {_value(one, cursor, panel.written)}" for one in drawn]

    def joined(parts: Iterable[str]) -> StyledText:
        return [*head, *((f"{ink.sample}{part}  ", ink.style) for part, ink in zip(parts, inks, strict=True))]

    text = joined(map("".join, zip(labels, values, strict=True)))
    while length(text) > width and length(text := joined(labels)) > width and max(map(len, labels), default=0) > _LEAST_NAME:
        longest = max(map(len, labels))
        labels = [shortened(label, longest - 1, palette) if len(label) == longest else label for label in labels]
    while length(text) > width and len(text) > len(head):
        text = text[:-1]  # where no name at all would be readable
    return text


def _value(series: Series, cursor: int | float | None, written: Callable[[float], str]) -> str:
    value = value_at(series, cursor)
    return written(value) if np.isfinite(value) else "-".ljust(len(written(1.0)))


def _canvas(layout: Layout, frame: Frame, curves: Sequence[Curve], marked: Sequence[Marked], palette: Palette) -> Canvas:
    canvas = Canvas(layout.width, frame.height)
    for column, mark in marked:
        canvas.column(column - layout.left, palette.box.mark, palette.inks[mark.role].style)
    for curve in sorted(curves, key=lambda one: not one.series.is_faint):
        y = 1 - frame.axis.shares(curve.y)
        x, y = decimate(layout.x.shares(curve.x), y.clip(-1, 2), 2 * layout.width)
        canvas.curve(x, y, palette.inks[curve.series.role], is_faint=curve.series.is_faint)
    for curve in reversed(curves):
        if curve.band is not None:
            canvas.shade(_region(layout, frame, curve.band), palette.inks[curve.series.role])
    return canvas


def _raster(layout: Layout, frame: Frame, curves: Sequence[Curve], uprights: Sequence[Upright], palette: Palette) -> LineRaster:
    """Return the same in pixels, given vertical lines in axis coordinates."""

    def down(y: Points) -> Points:
        return (1 - frame.axis.shares(y)).clip(-1, 2)

    lines = []
    for series, x, y, band in sorted(curves, key=lambda one: not one.series.is_faint):
        edges = band and (layout.x.shares(band.x), down(band.high), down(band.low))
        lines.append(Line(layout.x.shares(x), down(y), palette.inks[series.role], series.is_faint, edges))
    places = layout.x.shares(np.array([x for x, _ in uprights])).tolist()
    marked = [Upright(place, ink) for place, (_, ink) in zip(places, uprights, strict=True)]
    return LineRaster(lines, marked, palette, frame.height)


def _region(layout: Layout, frame: Frame, band: Edges) -> Bool[np.ndarray, "half_row column"]:
    """Return the half cells between the edges of a band."""
    # Interpolates relative positions, because slopes between values of a diverging run may overflow.
    centers = (np.arange(layout.width) + 0.5) / layout.width
    x, low, high = layout.x.shares(band.x), 1 - frame.axis.shares(band.low), 1 - frame.axis.shares(band.high)
    lowest, highest = (np.interp(centers, x, edge) for edge in (low, high))
    column = (layout.width * x).astype(np.int64).clip(0, layout.width - 1)
    np.maximum.at(lowest, column, low)  # what is between two centers, too
    np.minimum.at(highest, column, high)
    lowest, highest = (2 * frame.height * edge.clip(0, 1) for edge in (lowest, highest))
    middles = np.arange(2 * frame.height)[:, None] + 0.5
    is_inside = (highest < middles + 0.5) & (middles - 0.5 < lowest) & (lowest - highest > _LEAST_BAND)
    region: Bool[np.ndarray, "half_row column"] = is_inside & (centers >= x[0]) & (centers <= x[-1])
    return region
