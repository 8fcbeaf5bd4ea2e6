"""What became of every pair (a, b)."""

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
}
"""What is wrong is dark, so that it is seen without color too."""


def draw_outcomes(cells: Int[np.ndarray, "modulus modulus"], words: Sequence[str], *, title: str) -> Figure:
    """Draw the table, `words` saying of each number in it what it stands for: a key of COLORS."""
    counts = np.bincount(cells.ravel(), minlength=len(words))
    shown = [(word, int(count)) for word, count in zip(words, counts, strict=True) if count]
    figure = new_figure(3.1 + 0.14 * ((len(shown) + 1) // 2), title=title)
    axes = figure.add_subplot()
    colors = ListedColormap([COLORS[word] for word in words])
    axes.imshow(cells, cmap=colors, vmin=-0.5, vmax=len(words) - 0.5)
    frame_image(axes)
    axes.set(xlabel="b", ylabel="a")
    patches = [
        Patch(facecolor=COLORS[word], edgecolor="#909090", linewidth=0.4, label=f"{word}: {count:,}") for word, count in shown
    ]
    figure.legend(handles=patches, loc="outside lower center", ncols=2, handlelength=1, columnspacing=1.5)
    return figure
