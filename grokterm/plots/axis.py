"""One axis of a picture: maps data to axis coordinates, and those to ticks and cells.

An axis coordinate is the value or its log10.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Real

from grokterm.plots.ticks import Tick, choose_ticks, linear_sets, log_sets, round_step

Scale = Literal["linear", "log"]
Limits = tuple[int | float, int | float]
"""The lower and the upper end, in units of the data. `int` too, because beartype does not accept an int as a float."""

# All float32 values, so all losses, lie within; sums, spans and powers within do not overflow.
_SMALLEST, _LARGEST = 1e-300, 1e300
_LEAST_ROUNDED = 1e-3  # a smaller range, relative to its values, would be labeled with too many digits
_ROUND = tuple(math.log10(mantissa) for mantissa in (1, 2, 5, 10))


@dataclass(frozen=True)
class Axis:
    """The visible range of a scale, in axis coordinates."""

    scale: Scale
    low: float
    high: float

    def cell(self, coordinate: float, n_cells: int) -> int:
        """Return the cell, counted from `low`, that holds a coordinate."""
        return cell_of((coordinate - self.low) / (self.high - self.low), n_cells)

    def cell_from_above(self, coordinate: float, n_cells: int) -> int:
        """Return the same, counted from `high` as the lines of a terminal are."""
        return cell_of((self.high - coordinate) / (self.high - self.low), n_cells)

    def shares(self, coordinates: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """Return relative positions: 0 at `low`, 1 at `high`."""
        return (coordinates - self.low) / (self.high - self.low)

    def ticks(self, at_most: int, fits: Callable[[Sequence[Tick]], bool] = lambda _: True) -> Sequence[Tick]:
        """Choose a few round values that fit, two at least, which stay when the limits move a little."""
        sets = linear_sets(self.low, self.high) if self.scale == "linear" else log_sets(self.low, self.high)
        return choose_ticks(sets, at_most, fits)


def to_coordinates(values: Real[np.ndarray, " point"], scale: Scale) -> Float[np.ndarray, " point"]:
    """Map data to axis coordinates; NaN for values that are not finite, beyond 1e300, or not positive on a log axis."""
    data = values.astype(np.float64)
    smallest = _SMALLEST if scale == "log" else -_LARGEST
    shown = np.where((data >= smallest) & (data <= _LARGEST), data, np.nan)
    return np.log10(shown) if scale == "log" else shown


def steps_to_coordinates(columns: Iterable[Real[np.ndarray, " _"]], scale: Scale) -> list[Float[np.ndarray, " _"]]:
    """Map the steps of several series to axis coordinates.

    A log axis shows step 0, which is always evaluated, at the first positive step of all series (at 1 if there is none).
    """
    steps = [column.astype(np.float64) for column in columns]
    if scale == "log":
        positive = [column[(column > 0) & np.isfinite(column)] for column in steps]
        first = min((float(column.min()) for column in positive if column.size), default=1.0)
        steps = [np.where(column <= 0, first, column) for column in steps]
    return [to_coordinates(column, scale) for column in steps]


def fit_axis(
    coordinates: Iterable[Float[np.ndarray, " _"]], scale: Scale, limits: Limits | None, *, rounded: bool = False
) -> Axis:
    """Return the axis that spans all coordinates or the limits, in units of the data.

    `rounded` extends it to round values, so that it stays while the data moves a little. A limit that the scale cannot show
    (0 on a log axis) is taken from the data.
    """
    finite = [column[np.isfinite(column)] for column in coordinates]
    low = min((float(column.min()) for column in finite if column.size), default=0.0)
    high = max((float(column.max()) for column in finite if column.size), default=1.0)
    if limits is not None:
        requested = to_coordinates(np.array(limits, dtype=np.float64), scale)
        low, high = sorted(np.where(np.isfinite(requested), requested, (low, high)).tolist())
    if not rounded or limits is not None:
        return Axis(scale, *_widened(low, high, scale))
    return Axis(scale, *_rounded(*_widened(low, high, scale, least=_LEAST_ROUNDED), scale))


def decimate(
    x: Float[np.ndarray, " point"], y: Float[np.ndarray, " point"], columns: int
) -> tuple[Float[np.ndarray, " kept"], Float[np.ndarray, " kept"]]:
    """Keep the lowest and the highest point of each pixel column: the same picture from fewer points.

    Axis coordinates, x ascending; the columns divide the range of x. Points that are not finite are dropped.
    """
    finite = np.isfinite(x) & np.isfinite(y)
    x, y = x[finite], y[finite]
    if x.size <= 2 * columns:
        return x, y
    span = float(x[-1] - x[0])
    column = ((x - x[0]) * (columns / span if span > 0 else 0.0)).astype(np.int64).clip(0, columns - 1)
    starts = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    kept = np.union1d(_first_equal(y, starts, np.minimum), _first_equal(y, starts, np.maximum))
    return x[kept], y[kept]


def _first_equal(y: Float[np.ndarray, " point"], starts: Int[np.ndarray, " run"], extreme: np.ufunc) -> Int[np.ndarray, " run"]:
    """Index of the first point of each run that equals the run's extreme."""
    runs = np.repeat(np.arange(starts.size), np.diff(np.r_[starts, y.size]))
    candidates = np.flatnonzero(y == extreme.reduceat(y, starts)[runs])
    _, first = np.unique(runs[candidates], return_index=True)
    found: Int[np.ndarray, " run"] = candidates[first]
    return found


def cell_of(share: float, n_cells: int) -> int:
    """Return the cell that holds a relative position on an axis."""
    return min(max(int(n_cells * share), 0), n_cells - 1)


def _widened(low: float, high: float, scale: Scale, least: float = 1e-9) -> Limits:
    """Return distinct limits, with a margin around a single value; `least` is relative to the larger one."""
    size = max(abs(low), abs(high), 1.0 if scale == "log" else 0.0)
    if high - low > max(least * size, 1e-280):
        return low, high
    margin = size / 2 if scale == "linear" and size > 1e-270 else 0.5
    return low - margin, high + margin


def _rounded(low: float, high: float, scale: Scale) -> Limits:
    if scale == "linear":
        step = round_step((high - low) / 4)
        return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    below = max(mantissa for mantissa in _ROUND if mantissa <= low - math.floor(low) + 1e-9)
    above = min(mantissa for mantissa in _ROUND if mantissa >= high - math.floor(high) - 1e-9)
    return math.floor(low) + below, math.floor(high) + above
