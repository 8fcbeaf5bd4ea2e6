"""The table of all equations, colored by side and outcome."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from grokterm.plots.paper.style import frame_image, new_figure

COLORS = {
    "no equation": "#ffffff",
    "neither side, wrong": "#606060",
    "neither side, right": "#dcdcdc",
    "train, wrong": "#a03c00",
    "train, right": "#ffcf99",
    "val, wrong": "#00436f",
    "val, right": "#a8d5f5",
    "trained on before, wrong": "#1f5c2e",
    "trained on before, right": "#bfe3c4",
}
"""Wrong is dark, so that it shows without color too."""


def draw_outcomes(cells: Int[np.ndarray, "elements elements"], names: Sequence[str], *, title: str) -> Figure:
    """Draw the table; its numbers index `names`, which are keys of COLORS."""
    counts = np.bincount(cells.ravel(), minlength=len(names))
    shown = [(name, int(count)) for name, count in zip(names, counts, strict=True) if count]
    figure = new_figure(3.1 + 0.14 * ((len(shown) + 1) // 2), title=title)
    axes = figure.add_subplot()
    colors = ListedColormap([COLORS[name] for name in names])
    axes.imshow(cells, cmap=colors, vmin=-0.5, vmax=len(names) - 0.5)
    frame_image(axes)
    axes.set(xlabel="b", ylabel="a")
    patches = [
        Patch(facecolor=COLORS[name], edgecolor="#909090", linewidth=0.4, label=f"{name}: {count:,}") for name, count in shown
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, handlelength=1, columnspacing=1.5)
    return figure
