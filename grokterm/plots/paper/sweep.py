"""Figures of a sweep: a measure over one axis, a line for each of the others; or over two axes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from grokterm.plots.axis import Limits, Scale
from grokterm.plots.paper.comparison import line_style
from grokterm.plots.paper.style import SEQUENTIAL, escape_label, frame_image, new_figure

_MARKERS = "osD^vPX"

GRAY, LIGHT_GRAY = "#505050", "#909090"

MARGIN = 0.03  # of an axis with limits, beyond them

FEW = 9  # values of a logarithmic axis, up to which each has a tick where powers of ten would be too few
LEAST_DECADES = 2.5  # from which powers of ten are enough


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
    scale: Scale = "linear"
    zero_gap: float = 0.0
    """Decades between a zero on a logarithmic axis and the value beside it; 0 if there is no zero."""


@dataclass(frozen=True)
class Measured:
    """What is drawn over the axes."""

    label: str
    scale: Scale = "linear"
    limits: Limits | None = None
    """Of its axis, or of its colors; None: those of the values."""


class Crossed(NamedTuple):
    """An interval of the axis, where a line crosses a value."""

    low: float
    center: float
    high: float
    line: int
    """Which."""


def draw_curves(lines: Sequence[SweptLine], axis: SweptAxis, measured: Measured, crossings: Sequence[Crossed] = ()) -> Figure:
    """Draw each line with error bars; what was never reached stands as a hollow mark at the top."""
    several = len(lines) > 1
    figure = new_figure(2.3 + 0.13 * ((len(lines) + 1) // 2 if several else 0))
    axes = figure.add_subplot()
    for number, line in enumerate(lines):
        _draw_line(axes, line, number)
    _reach_top(axes, lines)
    for crossed in crossings:
        color = line_style(crossed.line)[0] if several else GRAY
        axes.axvspan(crossed.low, crossed.high, color=color, alpha=0.12, linewidth=0)
        axes.axvline(crossed.center, color=color, linewidth=0.8, linestyle=":")
    axes.set(xlabel=escape_label(axis.label), ylabel=escape_label(measured.label), yscale=measured.scale)
    _scale_x(axes, axis, np.unique(np.concatenate([line.x for line in lines])))
    if measured.limits is not None:
        low, high = measured.limits
        axes.set_ylim(low - MARGIN * (high - low), high + MARGIN * (high - low))
    if any(np.isinf(line.centers).any() for line in lines):
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


def _reach_top(axes: Axes, lines: Sequence[SweptLine]) -> None:
    """Draw the error bars that end where nothing is reached any more."""
    top = axes.get_ylim()[1]
    for number, line in enumerate(lines):
        is_open = np.isfinite(line.centers) & np.isposinf(line.high)
        if is_open.any():
            axes.vlines(line.x[is_open], line.centers[is_open], top, color=line_style(number)[0], linewidth=0.7)
            axes.set_ylim(top=top)


def _scale_x(axes: Axes, axis: SweptAxis, x: Float[np.ndarray, " _"]) -> None:
    if axis.names:
        axes.set_xticks(range(len(axis.names)), [escape_label(name) for name in axis.names])
        axes.tick_params(axis="x", rotation=30 if sum(map(len, axis.names)) > 36 else 0)
    elif axis.zero_gap:
        # matplotlib draws from zero to `linthresh` in `linscale` decades, of which it takes one part in ten more.
        least = x[x > 0].min()
        axes.set_xscale("symlog", linthresh=least, linscale=0.9 * axis.zero_gap)
        margin = MARGIN * (axis.zero_gap + np.log10(x[-1] / least))  # in decades
        axes.set_xlim(-least * margin / axis.zero_gap, x[-1] * 10**margin)
    elif axis.scale == "log":
        axes.set_xscale("log")
        if len(x) <= FEW and np.log10(x[-1] / x[0]) < LEAST_DECADES:
            axes.set_xticks(x, [f"{value:g}" for value in x], minor=False)
            axes.minorticks_off()


def draw_map(
    values: Float[np.ndarray, "row column"],
    has_diverged: Bool[np.ndarray, "row column"],
    rows: SweptAxis,
    columns: SweptAxis,
    measured: Measured,
) -> Figure:
    """Draw a measure over two axes, one cell a point; hatched what diverged or was never reached, white what is unknown."""
    figure = new_figure(2.6)
    axes = figure.add_subplot()
    shown = np.where(np.isfinite(values), values, np.nan)
    hatched = {"never": ("////", np.isinf(values) & ~has_diverged), "diverged": ("xxxx", has_diverged)}
    image = axes.imshow(shown, cmap=SEQUENTIAL, origin="lower", aspect="auto", norm=measured.scale)
    image.set_clim(measured.limits)
    axes.set_xticks(range(len(columns.names)), [escape_label(name) for name in columns.names], rotation=45, ha="right")
    axes.set_yticks(range(len(rows.names)), [escape_label(name) for name in rows.names])
    axes.set(xlabel=escape_label(columns.label), ylabel=escape_label(rows.label))
    for name, (hatch, cells) in hatched.items():
        if not cells.any():
            continue
        style: dict[str, Any] = {"hatch": hatch, "facecolor": "white", "edgecolor": LIGHT_GRAY, "linewidth": 0}
        corners = np.argwhere(cells) - 0.5
        axes.add_collection(PatchCollection([Rectangle((x, y), 1, 1) for y, x in corners.tolist()], **style))
        axes.add_patch(Rectangle((0, 0), 0, 0, label=name, **style))  # what the legend shows
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside upper right", ncols=2)
    frame_image(axes)
    figure.colorbar(image, ax=axes, shrink=0.9).set_label(escape_label(measured.label))
    return figure
