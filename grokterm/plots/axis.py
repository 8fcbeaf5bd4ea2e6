"""One axis of a picture: maps data to axis coordinates, and those to ticks and cells.

An axis coordinate is the value or its log10. plotext gets linear coordinates only, so that marks, ticks and curves share one
mapping.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int, Real

Scale = Literal["linear", "log"]
Limits = tuple[int | float, int | float]
"""The lower and the upper end, in units of the data. `int` too, because beartype does not accept an int as a float."""

# All float32 values, so all losses, lie within; sums, spans and powers within do not overflow.
_SMALLEST, _LARGEST = 1e-300, 1e300
_MANTISSAS = (1, 2, 5, 10)
# plotext leaves these fractions of a cell free at the ends of its range; without them a mark may be a cell off its point.
_BEFORE, _AFTER = 0.0016585662, 0.001516152


@dataclass(frozen=True)
class Tick:
    """A position on an axis, in axis coordinates, and its label."""

    position: float
    label: str


@dataclass(frozen=True)
class Axis:
    """The visible range of a scale, in axis coordinates."""

    scale: Scale
    low: float
    high: float

    def cell(self, coordinate: float, n_cells: int) -> int:
        """Return the cell, counted from `low`, in which plotext draws a coordinate on the axis."""
        return cell_of((coordinate - self.low) / (self.high - self.low), n_cells)

    def cell_from_above(self, coordinate: float, n_cells: int) -> int:
        """Return the same, counted from `high` as the lines of a terminal are."""
        return cell_of((self.high - coordinate) / (self.high - self.low), n_cells)

    def shares(self, coordinates: Float[np.ndarray, " point"]) -> Float[np.ndarray, " point"]:
        """Return relative positions: 0 at `low`, 1 at `high`."""
        return (coordinates - self.low) / (self.high - self.low)

    def ticks(self, at_most: int) -> list[Tick]:
        """Choose a few round values, which stay when the limits move a little."""
        if self.scale == "linear":
            return _linear_ticks(self.low, self.high, at_most)
        return _log_ticks(self.low, self.high, at_most)


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
    low, high = _widened(low, high, scale)
    if rounded and limits is None:
        low, high = _rounded(low, high, scale)
    return Axis(scale, low, high)


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
    """Return the cell in which plotext draws a relative position on an axis."""
    return min(max(int(_BEFORE + (n_cells - _BEFORE - _AFTER) * share), 0), n_cells - 1)


def _widened(low: float, high: float, scale: Scale) -> Limits:
    """Return distinct limits, with a margin around a single value."""
    size = max(abs(low), abs(high))
    if high - low > max(1e-9 * size, 1e-280):
        return low, high
    margin = size / 2 if scale == "linear" and size > 1e-270 else 0.5
    return low - margin, high + margin


def _rounded(low: float, high: float, scale: Scale) -> Limits:
    if scale == "linear":
        step = _round_step((high - low) / 4)
        return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
    below = max(math.log10(m) for m in _MANTISSAS if math.log10(m) <= low - math.floor(low) + 1e-9)
    above = min(math.log10(m) for m in _MANTISSAS if math.log10(m) >= high - math.floor(high) - 1e-9)
    return math.floor(low) + below, math.floor(high) + above


def _round_step(least: float) -> float:
    """Return the smallest of ..., 0.5, 1, 2, 5, 10, ... that is not below `least`."""
    magnitude: float = 10.0 ** math.floor(math.log10(least))
    return next((m * magnitude for m in _MANTISSAS if m * magnitude >= least * (1 - 1e-9)), 10 * magnitude)


def _linear_ticks(low: float, high: float, at_most: int) -> list[Tick]:
    step = _round_step((high - low) / max(at_most - 1, 1))
    values = [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    if 1e-3 <= step < 1 and max(map(abs, values), default=0) < 1000:
        decimals = -math.floor(math.log10(step) + 1e-9)
        return [Tick(value, f"{value:.{decimals}f}") for value in values]
    return [Tick(value, short_number(value)) for value in values]


def _log_ticks(low: float, high: float, at_most: int) -> list[Tick]:
    """Return 1, 2, 5, 10, ... if they fit, else powers of ten, else (between two powers) equidistant round values."""
    powers = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
    between = [power + math.log10(m) for power in range(math.floor(low), math.ceil(high)) for m in _MANTISSAS[:3]]
    inside = [position for position in [*between, float(math.ceil(high))] if low - 1e-9 <= position <= high + 1e-9]
    if 2 <= len(inside) <= at_most:
        return [Tick(position, short_number(10.0**position)) for position in inside]
    if len(powers) >= 2:
        stride = next(n for n in (1, 2, 3, 5, 10, 20, 50, 100, 200, 1000) if len(powers) <= n * max(at_most, 1))
        return [Tick(float(power), short_number(10.0**power)) for power in powers if power % stride == 0]
    ticks = _linear_ticks(10.0**low, 10.0**high, at_most)
    return [Tick(math.log10(tick.position), tick.label) for tick in ticks if tick.position > 0]


def short_number(value: float) -> str:
    """Format a number for an axis: `0.5`, `100`, `20k`, `1.5M`, `1e-4`."""
    size = float(f"{abs(value):.9e}")  # 10 ** log10(1000) may be 999.9999999999
    if size == 0 or 0.1 <= size < 1e3:
        return f"{value:.10g}"
    for unit, suffix in ((1e3, "k"), (1e6, "M")):
        if unit <= size < unit * 1e3:
            return f"{value / unit:.10g}{suffix}"
    mantissa, exponent = f"{value:.9e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"
