"""The axes of a sweep: which is below the curve, which tell lines apart, and where values stand on one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from jaxtyping import Float

from grokterm.experiment.sweep import VARIANT, Sweep, Value, written
from grokterm.plots.ticks import Tick, short_number

LEAST_RATIO = 8  # of the largest value to the smallest, from which an axis may be logarithmic

Positions = Float[np.ndarray, " value"]


@dataclass(frozen=True, eq=False)
class ValueAxis:
    """The values of an axis, in order, and where they stand: numbers by their size or its logarithm."""

    name: str
    values: Sequence[Value]
    positions: Positions
    is_logarithmic: bool = False
    is_numeric: bool = True
    """Whether it is an axis of numbers; the values of others stand at 0, 1, 2, ..."""

    @property
    def labels(self) -> list[str]:
        """Return every value, in a few characters."""
        return [short_number(float(f"{value:.3g}")) if is_number(value) else written(value) for value in self.values]

    @property
    def ticks(self) -> list[Tick]:
        """Every value, at its position."""
        return [Tick(position, label) for position, label in zip(self.positions.tolist(), self.labels, strict=True)]

    @property
    def places(self) -> Mapping[Value, int]:
        """Return the place of each value in the order."""
        return {value: place for place, value in enumerate(self.values)}

    def position(self, value: float) -> float:
        """Return where a number stands, also between the values."""
        if not self.is_logarithmic:
            return value
        return log10(value) if value > 0 else float(self.positions[0])


def value_axis(name: str, values: Iterable[Value]) -> ValueAxis:
    """Order values, and place them: numbers by their size or its logarithm, all others one after the other."""
    distinct = list(dict.fromkeys(values))
    if not distinct or not all(map(is_number, distinct)):
        return ValueAxis(name, distinct, np.arange(len(distinct), dtype=np.float64), is_numeric=False)
    ordered = sorted(distinct, key=float)  # type: ignore[arg-type] # numbers, all of them
    numbers = [float(value) for value in ordered]  # type: ignore[arg-type]  # they are
    if not _has_equal_ratios(numbers):
        return ValueAxis(name, ordered, np.array(numbers))
    positive = [log10(value) for value in numbers if value > 0]
    gap = float(np.median(np.diff(positive)))  # a zero stands as far before the others as these from each other
    zeros = [positive[0] - gap] * (len(numbers) - len(positive))
    return ValueAxis(name, ordered, np.array([*zeros, *positive]), is_logarithmic=True)


def is_number(value: Value) -> bool:
    """Tell whether a value has a place on an axis of numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _has_equal_ratios(ordered: Sequence[float]) -> bool:
    """Tell whether numbers have equal ratios rather than equal distances; a zero before them has neither."""
    positive = [value for value in ordered if value > 0]
    if len(positive) < 3 or any(value < 0 for value in ordered) or positive[-1] < LEAST_RATIO * positive[0]:
        return False
    distances = np.diff(positive)
    ratios = np.diff(np.log10(positive))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(distances) / np.mean(distances))


def axis_below(sweep: Sweep) -> str:
    """Name the axis below the curve: the one that is searched, the one that is asked for, or that with most numbers.

    Without axes it is that of the variants; empty without those.
    """
    if sweep.search is not None:
        return sweep.search.along
    if sweep.over:
        return sweep.over
    n_numbers = {name: sum(map(is_number, values)) for name, values in sweep.axes.items()}
    return max(n_numbers, key=lambda name: n_numbers[name], default=VARIANT if sweep.variants else "")


def further_axes(sweep: Sweep, below: str) -> list[str]:
    """Name what tells lines apart: variants, and the axes of several values that do not change with the one below."""
    together = sweep.zipped if below in sweep.zipped else ()
    axes = {VARIANT: tuple(sweep.variants), **sweep.axes}
    return [name for name, values in axes.items() if len(values) > 1 and name != below and name not in together]
