"""A closed line through points of a plane, in the same scale in both directions."""

import numpy as np
from jaxtyping import Float

from grokterm.plots.axis import Axis
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.plots.raster import draw_line

LEAST = 4  # lines, and half of the columns, that a shape needs
EDGE = 1.05  # half the side of the plane, in units of the largest coordinate


def draw_polygon(points: Float[np.ndarray, "points 2"], *, width: int, height: int, palette: Palette) -> Rows:
    """Connect each point with the next, and the last with the first; blank where there is no room, or all points are 0."""
    cells, largest = Cells(width, height), np.abs(points).max(initial=0)
    lines = min(height, width // 2)  # a cell is twice as high as wide
    if lines >= LEAST and largest > 0:
        x, y = np.vstack([points, points[:1]]).T / largest
        ink, axis = palette.inks["first"], Axis("linear", -EDGE, EDGE)
        shape = draw_line(x, y, (axis, axis), (2 * lines, lines), ink.marker)
        cells.stamp((height - lines) // 2, (width - 2 * lines) // 2, shape, ink.style)
    return cells.rows()
