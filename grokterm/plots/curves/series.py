"""What the curves are drawn from, and which part of them lies within the axes of a chart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float, Real

from grokterm.plots.axis import Axis, Limits, Scale, fit_axis, to_coordinates
from grokterm.plots.palettes import Role
from grokterm.plots.ticks import short_power

Points = Float[np.ndarray, " _"]

Band: TypeAlias = tuple[Real[np.ndarray, " point"], Real[np.ndarray, " point"]]
"""The lowest and the highest value at each step."""


@dataclass(frozen=True)
class Series:
    """One curve: a value y at each step x, ascending; points that are not finite are not drawn."""

    label: str
    x: Real[np.ndarray, " point"]
    y: Real[np.ndarray, " point"]
    role: Role
    band: Band | None = None
    """Lowest and highest value at each step, if y is a mean."""
    is_faint: bool = False
    """Drawn dimmed behind the others."""
    is_named: bool = True
    """Whether it stands in the legend."""


@dataclass(frozen=True)
class Panel:
    """Curves on one axis of values. Its first line is the legend."""

    name: str
    series: Sequence[Series]
    y_scale: Scale = "linear"
    y_limits: Limits | None = None
    written: Callable[[float], str] = lambda value: short_power(f"{value:.3g}").ljust(7)
    """Writes a value in the legend, always at the same length."""


class Edges(NamedTuple):
    """A band within the window, in axis coordinates."""

    x: Points
    low: Points
    high: Points


class Curve(NamedTuple):
    """A series within the window, in axis coordinates."""

    series: Series
    x: Points
    y: Points
    band: Edges | None


def value_at(series: Series, x: int | float | None) -> float:
    """Return the last value up to a step, or the last of all; NaN where there is none."""
    end = len(series.x) if x is None else int(np.searchsorted(series.x, x, side="right"))
    return float(series.y[end - 1]) if end else np.nan


def visible(
    panels: Sequence[Panel], steps: Sequence[Points], x_scale: Scale, x_limits: Limits | None
) -> tuple[Axis, list[list[Curve]]]:
    """Return the axis of steps, and what each panel shows within it."""
    series = [(one, panel.y_scale) for panel in panels for one in panel.series]
    values = [to_coordinates(one.y, scale) for one, scale in series]
    known = [x[np.isfinite(x) & np.isfinite(y)] for x, y in zip(steps, values, strict=True)]
    axis = fit_axis(known, x_scale, x_limits)
    if x_scale == "linear" and axis.high - axis.low < 2:  # steps are whole
        axis = Axis(x_scale, float(floor(axis.low)), float(ceil(axis.high)))
    curves = iter(
        [
            Curve(one, *_within(axis, x, y), _band(one, x, scale, axis))
            for (one, scale), x, y in zip(series, steps, values, strict=True)
        ]
    )
    return axis, [[next(curves) for _ in panel.series] for panel in panels]


def _within(axis: Axis, x: Points, y: Points) -> tuple[Points, Points]:
    """Return the finite points within the window, and where the curve enters and leaves it."""
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if not x.size:
        return x, y
    ends = np.array([end for end in (axis.low, axis.high) if x[0] < end < x[-1]])
    inside = (x >= axis.low) & (x <= axis.high)
    middle = ends.size and not np.isfinite(at_ends := np.interp(ends, x, y)).all()
    if not ends.size or middle:
        return x[inside], y[inside]
    before, after = ends[ends == axis.low], ends[ends == axis.high]
    return (
        np.concatenate([before, x[inside], after]),
        np.concatenate([at_ends[: before.size], y[inside], at_ends[before.size :]]),
    )


def _band(series: Series, x: Points, y_scale: Scale, axis: Axis) -> Edges | None:
    """Return the band of a series within the window; None without finite points."""
    if series.band is None:
        return None
    low, high = (to_coordinates(edge, y_scale) for edge in series.band)
    known = np.isfinite(x) & np.isfinite(low) & np.isfinite(high)
    (inside, lowest), (_, highest) = (_within(axis, x[known], edge[known]) for edge in (low, high))
    return Edges(inside, lowest, highest) if inside.size else None


def y_axis(panel: Panel, curves: Sequence[Curve]) -> Axis:
    """Return the axis of values of a panel."""
    edges = [edge for curve in curves if curve.band is not None for edge in (curve.band.low, curve.band.high)]
    return fit_axis([*(curve.y for curve in curves), *edges], panel.y_scale, panel.y_limits, rounded=True)
