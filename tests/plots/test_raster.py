import subprocess
import sys

import numpy as np

from grokterm.plots.axis import Axis
from grokterm.plots.raster import draw_line


def test_a_coordinate_has_the_cell_in_which_plotext_draws_it() -> None:
    axis = Axis("linear", 0.0, 55.0)
    for coordinate in range(56):  # every one on the border of two cells
        point = np.array([float(coordinate)])
        lines = draw_line(point, point, (axis, axis), (55, 20), "*")
        drawn = [(row, line.index("*")) for row, line in enumerate(lines) if "*" in line]
        assert drawn == [(axis.cell_from_above(point[0], 20), axis.cell(point[0], 55))]


def test_plotext_is_loaded_only_when_something_is_drawn() -> None:
    program = "import sys, grokterm.plots.curves; sys.exit(bool({'plotext', 'torch', 'textual'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
