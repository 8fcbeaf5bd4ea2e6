"""The axes of a sweep as they are drawn: which is below the curve, where its values stand, and which lines there are."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log10

import numpy as np
from jaxtyping import Float

from grokterm.experiment.reading.toml import format_value
from grokterm.experiment.sweep import Sweep, Value
from grokterm.plots.ticks import Tick, short_number

LEAST_RATIO = 8  # of the largest value to the smallest, from which an axis may be logarithmic

Positions = Float[np.ndarray, " value"]


@dataclass(frozen=True, eq=False)
class ValueAxis:
    """The values of an axis, in order, and where they stand."""

    name: str
    values: Sequence[Value]
    positions: Positions

    @property
    def ticks(self) -> list[Tick]:
        """Every value, at its position."""
        pairs = zip(self.positions.tolist(), self.values, strict=True)
        return [Tick(position, written(value)) for position, value in pairs]

    @property
    def places(self) -> Mapping[Value, int]:
        """Return the place of each value in the order."""
        return {value: place for place, value in enumerate(self.values)}

    def position(self, value: float) -> float:
        """Return where a number stands, also between the values."""
        if not is_logarithmic([float(one) for one in self.values if isinstance(one, int | float)]):
            return value
        return log10(value) if value > 0 else float(self.positions[0])


def value_axis(name: str, values: Iterable[Value]) -> ValueAxis:
    """Order values, and place them: numbers by their size or its logarithm, all others one after the other."""
    distinct = list(dict.fromkeys(values))
    if not distinct or not all(map(is_number, distinct)):
        return ValueAxis(name, distinct, np.arange(len(distinct), dtype=np.float64))
    ordered = sorted(distinct, key=float)  # type: ignore[arg-type] # numbers, all of them
    numbers = [float(value) for value in ordered]  # type: ignore[arg-type]
    if not is_logarithmic(numbers):
        return ValueAxis(name, ordered, np.array(numbers))
    positive = [log10(value) for value in numbers if value > 0]
    gap = float(np.median(np.diff(positive)))  # a zero stands as far before the others as these from each other
    return ValueAxis(name, ordered, np.array([*([positive[0] - gap] * (len(numbers) - len(positive))), *positive]))


def is_number(value: Value) -> bool:
    """Tell whether a value has a place on an axis of numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_logarithmic(ordered: Sequence[float]) -> bool:
    """Tell whether numbers have equal ratios rather than equal distances; a zero before them has neither."""
    positive = [value for value in ordered if value > 0]
    if len(positive) < 3 or any(value < 0 for value in ordered) or positive[-1] < LEAST_RATIO * positive[0]:
        return False
    distances = np.diff(positive)
    ratios = np.diff(np.log10(positive))
    return bool(np.std(ratios) / np.mean(ratios) < np.std(distances) / np.mean(distances))


def written(value: Value) -> str:
    """Write a value in a few characters."""
    if is_number(value):
        return short_number(float(f"{value:.3g}"))
    return value if isinstance(value, str) else format_value(value)


def short_name(setting: str) -> str:
    """Write the name of a setting as people say it: `train fraction`."""
    return setting.rpartition(".")[2].replace("_", " ")


def axis_below(sweep: Sweep, columns: Sequence[Mapping[str, Value]]) -> str:
    """Name the axis below the curve: the one that is searched, the one that is asked for, or that with most numbers."""
    if sweep.search is not None:
        return sweep.search.along
    if sweep.over:
        return sweep.over
    numbers = {name: {one[name] for one in columns if is_number(one.get(name, ""))} for name in sweep.axes}
    return max(numbers, key=lambda name: len(numbers[name]), default="variant" if sweep.variants else "")


def further_axes(sweep: Sweep, below: str) -> list[str]:
    """Name what tells lines apart: the axes that do not change together with the one below, and the variants."""
    together = set(sweep.zipped) if below in sweep.zipped else set()
    names = [*(["variant"] if sweep.variants else []), *sweep.axes]
    return [name for name in names if name != below and name not in together]


def label_of(columns: Mapping[str, Value], names: Sequence[str]) -> str:
    """Say which line a point belongs to: `decay 1, seed 3`."""
    parts = [written(columns[name]) if name == "variant" else f"{short_name(name)} {written(columns[name])}" for name in names]
    return ", ".join(parts)
