"""Heat maps of weights, activations and attention."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from textwrap import fill

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from grokterm.plots.paper.style import DIVERGING, SEQUENTIAL, frame_image, new_figure

GAP = 3  # blank pixels between the maps of a grid


@dataclass(frozen=True)
class Stack:
    """Labeled matrices below each other, their columns in the same order."""

    title: str
    blocks: Sequence[tuple[str, Float[np.ndarray, "_ _"]]]


def draw_weights(stacks: Sequence[Stack], *, unit: str, title: str) -> Figure:
    """Draw matrices in several orders of their columns, called `unit`; the labels give each one's color range r."""
    figure = new_figure(0.45 + len(stacks) * (0.35 + 0.42 * len(stacks[0].blocks)), title=title)
    panels = figure.subplots(len(stacks), 1, squeeze=False)[:, 0]
    for axes, stack in zip(panels, stacks, strict=True):
        limits = [color_limit(matrix) for _, matrix in stack.blocks]
        n_columns = max(matrix.shape[1] for _, matrix in stack.blocks)
        scaled = [
            np.pad(matrix / limit, ((0, 0), (0, n_columns - matrix.shape[1])), constant_values=np.nan)
            for (_, matrix), limit in zip(stack.blocks, limits, strict=True)
        ]
        image = axes.imshow(np.concatenate(scaled), aspect="auto", cmap=DIVERGING, vmin=-1, vmax=1)
        edges = np.cumsum([0, *(len(matrix) for _, matrix in stack.blocks)])
        for edge in edges[1:-1]:
            axes.axhline(edge - 0.5, color="black", linewidth=0.6)
        axes.set_yticks(
            (edges[1:] + edges[:-1]) / 2 - 0.5,
            [f"{fill(label, 16)}\nr = {limit:.2g}" for (label, _), limit in zip(stack.blocks, limits, strict=True)],
        )
        axes.set_title(stack.title, loc="left")
        frame_image(axes)
        axes.tick_params(axis="y", length=0)
        axes.tick_params(axis="x", labelbottom=axes is panels[-1])
    panels[-1].set_xlabel(unit)
    bar = figure.colorbar(image, ax=list(panels), shrink=0.5, aspect=30, pad=0.01, extend="both", ticks=[-1, 0, 1])
    bar.ax.set_yticklabels(["−r", "0", "r"])
    bar.outline.set_linewidth(0.4)
    bar.ax.tick_params(length=0)
    return figure


def color_limit(matrix: Float[np.ndarray, "rows columns"]) -> float:
    """Return the 99.5 % quantile of the absolute values."""
    finite = np.abs(matrix[np.isfinite(matrix)])
    return float(np.quantile(finite, 0.995)) or 1.0 if finite.size else 1.0


def draw_activations(
    maps: Float[np.ndarray, "neurons elements elements"], row_labels: Sequence[str], *, place: str, title: str
) -> Figure:
    """Draw a grid of ten maps per row, each centered and with its own color range."""
    n_columns = min(10, len(maps))
    n_rows = ceil(len(maps) / n_columns)
    grid = tiled(centered(maps), n_columns)
    figure = new_figure(0.42 + 2.75 * n_rows / n_columns, title=f"{place}\n{title}")
    axes = figure.add_subplot()
    axes.imshow(grid, cmap=DIVERGING, vmin=-1, vmax=1)
    pitch = maps.shape[1] + GAP
    axes.set_xticks([])
    axes.set_yticks([row * pitch + (pitch - GAP) / 2 for row in range(n_rows)], row_labels)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("in each map: a down, b across")
    return figure


def centered(maps: Float[np.ndarray, "neurons elements elements"]) -> Float[np.ndarray, "neurons elements elements"]:
    """Subtract each map's mean and divide by the largest deviation; a constant map becomes 0."""
    with np.errstate(invalid="ignore"):
        flat = maps.reshape(len(maps), -1).astype(np.float64)
        deviations = flat - np.nanmean(np.where(np.isfinite(flat), flat, np.nan), axis=1, keepdims=True)
    largest = np.nanmax(np.abs(deviations), axis=1, keepdims=True)
    scaled: Float[np.ndarray, "neurons cells"] = np.divide(
        deviations, largest, out=np.zeros_like(deviations), where=largest > 0
    )
    return scaled.reshape(maps.shape)


def tiled(maps: Float[np.ndarray, "neurons elements elements"], n_columns: int) -> Float[np.ndarray, "height width"]:
    """Arrange maps in rows with gaps between them; the rest of the last row is blank."""
    n_rows, pitch = ceil(len(maps) / n_columns), maps.shape[1] + GAP
    grid = np.full((n_rows * pitch - GAP, n_columns * pitch - GAP), np.nan)
    side = maps.shape[1]
    for number, values in enumerate(maps):
        row, column = divmod(number, n_columns)
        grid[row * pitch : row * pitch + side, column * pitch : column * pitch + side] = values
    return grid


def draw_attention(rows: Sequence[tuple[str, Float[np.ndarray, "heads elements elements"]]], *, title: str) -> Figure:
    """Draw each head's attention to each token, over (a, b); one row per token."""
    n_heads = len(rows[0][1])
    side = 2.5 / max(n_heads, 3)
    figure = new_figure(0.6 + (side + 0.06) * len(rows), title=title)
    panels = figure.subplots(len(rows), n_heads, squeeze=False, sharex=True, sharey=True)
    for (label, patterns), line in zip(rows, panels, strict=True):
        for axes, pattern in zip(line, patterns, strict=True):
            image = axes.imshow(pattern, cmap=SEQUENTIAL, vmin=0, vmax=1)
            frame_image(axes)
            axes.set(xticks=[], yticks=[])
        line[0].set_ylabel(label)
    for number, axes in enumerate(panels[0], start=1):
        axes.set_title(f"head {number}")
    figure.supxlabel("in each map: a down, b across")
    bar = figure.colorbar(image, ax=panels.ravel().tolist(), shrink=0.6, aspect=30, pad=0.02, ticks=[0, 0.5, 1])
    bar.set_label("attention")
    return figure
