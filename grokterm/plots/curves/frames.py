"""Where the panels of a chart stand: their axes of values, and the columns and the axis of steps that they share."""

from collections.abc import Sequence
from typing import NamedTuple

from grokterm.plots.axis import Axis
from grokterm.plots.cells import Cells, label_starts
from grokterm.plots.curves.legend import Mark, Marked
from grokterm.plots.palettes import Palette
from grokterm.plots.ticks import Tick

LABEL_WIDTH = 4  # least width of the y labels, so that the picture does not shift when `1` becomes `1e-3`
NEARLY = 1e-9  # as whole as ten to the power of a logarithm is
ROWS_PER_TICK, COLUMNS_PER_TICK = 3, 12


class Frame(NamedTuple):
    """Where the canvas of a panel stands, and its axis of values; the legend is above it."""

    axis: Axis
    top: int
    height: int
    ticks: Sequence[Tick]

    def row(self, coordinate: float) -> int:
        """Return the line that shows a value."""
        return self.top + self.axis.cell_from_above(coordinate, self.height)


class Layout(NamedTuple):
    """The panels, and the columns that they share."""

    frames: Sequence[Frame]
    x: Axis
    left: int
    width: int
    bottom: int

    def column(self, coordinate: float) -> int:
        """Return the column of the chart that shows a step."""
        return self.left + self.x.cell(coordinate, self.width)

    def labels(self, ticks: Sequence[Tick]) -> list[tuple[int, str]]:
        """Put the labels of ticks on the axis below into columns."""
        return [(self.column(tick.position), tick.label) for tick in ticks]

    def has_room(self, ticks: Sequence[Tick], width: int) -> bool:
        """Tell whether the labels of ticks fit beside each other."""
        return None not in label_starts(self.labels(ticks), width)

    def marked(self, marks: Sequence[tuple[Mark, float]]) -> list[Marked]:
        """Put marks, each with its position, into columns."""
        return [Marked(self.column(x), mark) for mark, x in marks]


def lay_out(axes: Sequence[Axis], x: Axis, width: int, room: int) -> Layout:
    """Share the rows out, and begin every canvas right of the longest label of all."""
    bounds = [room * number // len(axes) for number in range(len(axes) + 1)]
    frames = []
    for axis, top, bottom in zip(axes, bounds, bounds[1:], strict=False):
        height = bottom - top - 1

        def fits(ticks: Sequence[Tick], axis: Axis = axis, height: int = height) -> bool:
            rows = {axis.cell_from_above(tick.position, height) for tick in ticks}
            return len(rows) == len(ticks) and all(len(tick.label) <= width // 3 for tick in ticks)

        frames.append(Frame(axis, top + 1, height, axis.ticks(height // ROWS_PER_TICK, fits)))
    left = 1 + max([LABEL_WIDTH, *(len(tick.label) for frame in frames for tick in frame.ticks)])
    return Layout(frames, x, left, width - left, room)


def draw_axes(cells: Cells, layout: Layout, palette: Palette) -> None:
    """Draw the axes of values and of steps, with labels that neither touch each other nor are left out."""
    draw_sides(cells, layout, palette)

    def fits(ticks: Sequence[Tick]) -> bool:
        steps = (10.0**tick.position if layout.x.scale == "log" else tick.position for tick in ticks)
        are_whole = all(abs(step - round(step)) < NEARLY * max(step, 1.0) for step in steps)
        return are_whole and layout.has_room(ticks, cells.width)

    draw_floor(cells, layout, layout.x.ticks(layout.width // COLUMNS_PER_TICK, fits), palette)


def draw_sides(cells: Cells, layout: Layout, palette: Palette) -> None:
    """Draw the axes of values."""
    style, box = palette.inks["dim"].style, palette.box
    for frame in layout.frames:
        for row in range(frame.top, frame.top + frame.height):
            cells.write(row, layout.left - 1, box.side, style)
        for tick in frame.ticks:
            label = f"{tick.label}{box.side_tick}"
            cells.write(frame.row(tick.position), layout.left - len(label), label, style)


def draw_floor(cells: Cells, layout: Layout, ticks: Sequence[Tick], palette: Palette) -> None:
    """Draw the axis below the panels."""
    style, box = palette.inks["dim"].style, palette.box
    cells.write(layout.bottom, layout.left - 1, box.corner + box.floor * layout.width, style)
    for column, _ in layout.labels(ticks):
        cells.write(layout.bottom, column, box.floor_tick, style)
    cells.write_labels(layout.bottom + 1, layout.labels(ticks), style)
