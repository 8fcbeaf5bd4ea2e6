"""Lines through data points, drawn by plotext."""

import numpy as np
from jaxtyping import Float

from grokterm.plots.axis import Axis


def draw_line(
    x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], axes: tuple[Axis, Axis], size: tuple[int, int], marker: str
) -> list[str]:
    """Connect points, in axis coordinates, on a blank canvas of (width, height) cells. Not thread-safe.

    Returned without color, which the caller adds: this avoids parsing escape codes.
    """
    import plotext  # on first use: it takes 0.1 s, too long for `--help`

    plotext.terminal.limit(width=False, height=False)  # the size does not depend on the terminal
    figure = plotext.figure
    figure.clear()
    figure.theme("colorless")
    figure.canvas("default")
    figure.axes(active=False)
    figure.plot_size(*size)
    for name, axis in zip("xy", axes, strict=True):
        ruler = figure.ruler(name)
        ruler.lim(axis.low, axis.high)
        ruler.alignment(lim="edge")
        ruler.frequency(0)
    figure.draw(figure.signal(x.tolist(), y.tolist(), marker=marker).lines())
    lines: list[str] = figure.build().string(colorless=True).splitlines()
    return lines[: size[1]]
