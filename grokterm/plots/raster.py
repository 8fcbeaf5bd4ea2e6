"""One line of data as characters, drawn by plotext."""

from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Float

from grokterm.plots.axis import Axis


def draw_line(
    x: Float[np.ndarray, " point"],
    y: Float[np.ndarray, " point"],
    axes: tuple[Axis, Axis],
    size: tuple[int, int],
    marker: str,
) -> list[str]:
    """Connect the points, given in axis coordinates, on a blank canvas of (width, height) cells; to be used by one thread.

    A canvas carries no color: it is laid over the others by the caller, which spares parsing escape codes.
    """
    figure = _plotext().figure
    _clear(size)
    for name, axis in zip("xy", axes, strict=True):
        ruler = figure.ruler(name)
        ruler.lim(axis.low, axis.high)
        ruler.alignment(lim="edge")
        ruler.frequency(0)
    figure.draw(figure.signal(x.tolist(), y.tolist(), marker=marker).lines())
    lines: list[str] = figure.build().string(colorless=True).splitlines()
    return lines[: size[1]]


def _clear(size: tuple[int, int]) -> None:
    """Make the figure, of which plotext has one a process, blank and of this size whatever terminal it runs in."""
    plotext = _plotext()
    plotext.terminal.limit(width=False, height=False)
    plotext.figure.clear()
    plotext.figure.theme("colorless")
    plotext.figure.canvas("default")
    plotext.figure.axes(active=False)
    plotext.figure.plot_size(*size)


@cache
def _plotext() -> Any:  # noqa: ANN401 - plotext carries no types
    """Import plotext when first drawing: it takes 0.1 s, which `--help` has no use for."""
    import plotext

    return plotext
