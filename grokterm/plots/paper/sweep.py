"""Figures of a sweep: a measure over one axis, a line for each of the others; or over two axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from grokterm.plots.paper.comparison import line_style
from grokterm.plots.paper.style import SEQUENTIAL, escape_label, frame_image, new_figure

_MARKERS = "osD^vPX"

Interval: TypeAlias = tuple[float, float, float]
"""Its low end, its center and its high end."""

WIDE = 50.0  # ratio of the largest to the smallest value from which on an axis is logarithmic


@dataclass(frozen=True)
class SweptLine:
    """A measure over an axis, ascending; NaN where it is unknown, infinite where a step was never reached."""

    label: str
    x: Float[np.ndarray, " point"]
    centers: Float[np.ndarray, " point"]
    low: Float[np.ndarray, " point"]
    high: Float[np.ndarray, " point"]


@dataclass(frozen=True)
class SweptAxis:
    """An axis of a sweep: its label, and what stands at its ticks if its values are no numbers."""

    label: str
    names: Sequence[str] = ()


def draw_curves(lines: Sequence[SweptLine], axis: SweptAxis, measure: str, crossings: Sequence[Interval] = ()) -> Figure:
    """Draw each line with error bars; what was never reached stands as a hollow mark at the top.

    Crossings are the places on the axis that were searched, each with its interval.
    """
    several = len(lines) > 1
    figure = new_figure(2.3 + 0.13 * ((len(lines) + 1) // 2 if several else 0))
    axes = figure.add_subplot()
    for number, line in enumerate(lines):
        _draw_line(axes, line, number)
    for low, center, high in crossings:
        axes.axvspan(low, high, color="#505050", alpha=0.12, linewidth=0)
        axes.axvline(center, color="#505050", linewidth=0.8, linestyle=":")
    axes.set(xlabel=escape_label(axis.label), ylabel=escape_label(measure))
    _scale_x(axes, axis, np.concatenate([line.x for line in lines]))
    values = np.concatenate([line.centers for line in lines])
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() >= 0 and finite.max() <= 1:
        axes.set_ylim(-0.03, 1.03)
    elif is_wide(finite):
        axes.set_yscale("log")
    if np.isinf(values).any():
        axes.annotate("never", (1.0, 1.0), xycoords="axes fraction", xytext=(0, 3), textcoords="offset points", ha="right")
    if several:
        figure.legend(loc="outside upper left", ncols=2)
    return figure


def _draw_line(axes: Axes, line: SweptLine, number: int) -> None:
    color, dashes = line_style(number)
    style: dict[str, Any] = {"color": color, "marker": _MARKERS[number % len(_MARKERS)], "markersize": 3}
    reached = np.isfinite(line.centers)
    x, y = line.x[reached], line.centers[reached]
    low = np.where(np.isfinite(line.low[reached]), y - line.low[reached], 0.0)
    high = np.where(np.isfinite(line.high[reached]), line.high[reached] - y, 0.0)
    axes.errorbar(
        x,
        y,
        yerr=np.maximum(0.0, [low, high]),
        label=escape_label(line.label),
        elinewidth=0.7,
        capsize=1.5,
        linestyle=dashes,
        **style,
    )
    never = line.x[np.isinf(line.centers)]
    axes.plot(
        never, np.ones(len(never)), linestyle="none", markerfacecolor="white", clip_on=False,
        transform=axes.get_xaxis_transform(), **style,
    )  # fmt: skip


def _scale_x(axes: Axes, axis: SweptAxis, x: Float[np.ndarray, " _"]) -> None:
    if axis.names:
        axes.set_xticks(range(len(axis.names)), [escape_label(name) for name in axis.names])
        axes.tick_params(axis="x", rotation=30 if sum(map(len, axis.names)) > 36 else 0)
    elif is_wide(x):
        axes.set_xscale("log")


def is_wide(values: Float[np.ndarray, " _"]) -> bool:
    """Tell whether positive values span so much that an axis of them is logarithmic."""
    return bool(values.size and values.min() > 0 and values.max() >= WIDE * values.min())


def draw_map(values: Float[np.ndarray, "row column"], rows: SweptAxis, columns: SweptAxis, measure: str) -> Figure:
    """Draw a measure over two axes, one cell a point; what was never reached is gray, what is unknown white."""
    figure = new_figure(2.6)
    axes = figure.add_subplot()
    shown = np.where(np.isfinite(values), values, np.nan)
    never = np.where(np.isinf(values), 0.5, np.nan)
    axes.imshow(never, cmap="gray", vmin=0, vmax=1, origin="lower", aspect="auto")
    image = axes.imshow(shown, cmap=SEQUENTIAL, origin="lower", aspect="auto", norm="log" if is_wide(_finite(values)) else None)
    axes.set_xticks(range(len(columns.names)), [escape_label(name) for name in columns.names], rotation=45, ha="right")
    axes.set_yticks(range(len(rows.names)), [escape_label(name) for name in rows.names])
    axes.set(xlabel=escape_label(columns.label), ylabel=escape_label(rows.label))
    if np.isinf(values).any():
        axes.set_title("gray: never", loc="right")
    frame_image(axes)
    figure.colorbar(image, ax=axes, shrink=0.9).set_label(escape_label(measure))
    return figure


def _finite(values: Float[np.ndarray, "row column"]) -> Float[np.ndarray, " _"]:
    finite: Float[np.ndarray, " _"] = values[np.isfinite(values)]
    return finite
