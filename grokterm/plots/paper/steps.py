"""Figures over the steps of a training."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Series
from grokterm.plots.paper.style import INKS, escape_label, new_figure

# Points: the step axis of a one-column figure, how far labels may exceed it, the width of a letter.
_AXIS_POINTS, _MARGIN_POINTS, _LETTER_POINTS = 200, 8, 3.9

_Points = Float[np.ndarray, " _"]

Delay = tuple[int, int] | None
"""Steps from memorization to generalization, if both happened."""


def draw_curves(accuracy: Sequence[Series], loss: Sequence[Series], marks: Sequence[Mark], delay: Delay) -> Figure:
    """Draw accuracy above loss, with the events of the run marked."""
    figure = new_figure(3.2)
    upper, lower = figure.subplots(2, 1, sharex=True)
    plot_over_steps(upper, accuracy)
    plot_over_steps(lower, loss, is_log=True)
    upper.set(ylabel="accuracy", ylim=(-0.03, 1.03))
    lower.set(ylabel="loss")
    finish_steps([upper, lower], marks, delay)
    upper.legend(loc="best")
    return figure


def draw_stack(panels: Sequence[tuple[str, Sequence[Series]]], marks: Sequence[Mark], *, log: Sequence[str] = ()) -> Figure:
    """Draw labeled panels below each other; those named in `log` have a logarithmic axis."""
    figure = new_figure(0.85 + 1.2 * len(panels))
    column = figure.subplots(len(panels), 1, sharex=True, squeeze=False)[:, 0]
    for axes, (label, series) in zip(column, panels, strict=True):
        plot_over_steps(axes, series, is_log=label in log)
        axes.set_ylabel(label)
    finish_steps(list(column), marks)
    several = [axes for axes, (_, series) in zip(column, panels, strict=True) if len(series) > 1]
    named = [line for axes in several for line in axes.get_legend_handles_labels()[0]]
    if named:
        figure.legend(handles=named, loc="outside upper center", ncols=min(len(named), 3))
    return figure


def plot_over_steps(axes: Axes, series: Sequence[Series], among: Sequence[Series] = (), *, is_log: bool = False) -> None:
    """Draw series on a logarithmic step axis that suits the series `among`; markers are evenly spaced along a line."""
    first = first_step(among or series)
    for number, curve in enumerate(series):
        ink = INKS[curve.role]
        x, y = on_log_axis(curve, first, is_log=is_log)
        axes.plot(
            x,
            y,
            color=ink.color,
            marker=ink.marker,
            markerfacecolor="white" if ink.is_hollow else ink.color,
            markevery=(0.04 + 0.08 * number, 0.2) if len(x) > 12 else None,
            label=curve.label,
        )
        if curve.band is not None:
            low, high = (on_log_axis(replace(curve, y=edge), first, is_log=is_log) for edge in curve.band)
            axes.fill_between(low[0], low[1], np.interp(low[0], *high), color=ink.color, alpha=0.2, linewidth=0)
    if is_log:
        axes.set_yscale("log")


def first_step(series: Sequence[Series]) -> float:
    """Return the first step after step 0."""
    return min((float(curve.x[curve.x > 0].min()) for curve in series if (curve.x > 0).any()), default=1.0)


def on_log_axis(curve: Series, first: float, *, is_log: bool = False) -> tuple[_Points, _Points]:
    """Return the points that a logarithmic step axis can show; a curve with only step 0 is shown at `first`."""
    x = curve.x.astype(np.float64) if (curve.x > 0).any() else np.full(len(curve.x), first)
    shown = (x > 0) & np.isfinite(curve.y) & ((curve.y > 0) | (not is_log))
    return x[shown], curve.y[shown].astype(np.float64)


def finish_steps(panels: Sequence[Axes], marks: Sequence[Mark] = (), delay: Delay = None) -> None:
    """Finish panels that share a step axis: lines at events, labeled above the first panel, and the delay shaded."""
    for axes in panels:
        log_steps(axes)
        first, last = axes.get_xlim()
        axes.set_xlim(first, max([last, *(mark.x for mark in marks)]))  # a line would fit it anew, which one step does not bear
        for mark in marks:
            axes.axvline(max(mark.x, first), color=INKS[mark.role].color, linewidth=0.7, linestyle=(0, (4, 2)), zorder=1)
        if delay is not None:
            axes.axvspan(*delay, color="#ececec", linewidth=0, zorder=0)
    panels[-1].set_xlabel("step")
    _name_marks(panels[0], marks)
    figure = panels[0].get_figure(root=True)
    if figure is not None:
        figure.align_ylabels(list(panels))


def log_steps(axes: Axes) -> None:
    """Make the step axis logarithmic, with more labels for a short training."""
    axes.set_xscale("log")
    axes.margins(x=0.02)
    low, high = axes.get_xlim()
    subs = (1.0, 2.0, 5.0) if high / low < 100 else (1.0,)
    axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=12))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda step, _: f"{step:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _name_marks(axes: Axes, marks: Sequence[Mark]) -> None:
    """Write labels above their marks, to the left or right, on a higher line if they would overlap."""
    low, high = np.log10(axes.get_xlim())
    lines: list[list[tuple[float, float]]] = []
    for mark in sorted(marks, key=lambda mark: mark.x):
        label, x = escape_label(f"{mark.label} {mark.x:,}"), max(mark.x, 10**low)
        number, side = _free_line(lines, (np.log10(x) - low) / (high - low) * _AXIS_POINTS, _LETTER_POINTS * len(label))
        axes.annotate(
            label,
            (x, 1),
            xycoords=("data", "axes fraction"),
            xytext=(0, 2 + 8 * number),
            textcoords="offset points",
            ha=side,
            color="#505050" if mark.role == "dim" else INKS[mark.role].color,
            fontsize=6.5,
        )


def _free_line(lines: list[list[tuple[float, float]]], at: float, length: float) -> tuple[int, Literal["left", "right"]]:
    """Reserve room on the lowest line for a label that begins or ends at a position, all in points."""
    for number in range(len(lines) + 1):
        taken = lines[number] if number < len(lines) else []
        for side, start in (("right", at - length), ("left", at)):
            inside = start >= -_MARGIN_POINTS and start + length <= _AXIS_POINTS + _MARGIN_POINTS
            if inside and all(start + length <= left or start >= right for left, right in taken):
                lines[number : number + 1] = [[*taken, (start, start + length)]]
                return number, "right" if side == "right" else "left"
    return len(lines), "right" if 2 * at > _AXIS_POINTS else "left"  # longer than the axis
