"""Round values along an axis, and how they are written."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

_MANTISSAS = (1, 2, 5)
_FINEST = 50  # ticks of the finest set, more than any axis has room for
_STRIDES = (1, 2, 3, 5, 10, 20, 50, 100, 200)  # decades from one tick to the next


@dataclass(frozen=True)
class Tick:
    """A position on an axis, in axis coordinates, and its label."""

    position: float
    label: str


def choose_ticks(sets: Sequence[Sequence[Tick]], at_most: int, fits: Callable[[Sequence[Tick]], bool]) -> Sequence[Tick]:
    """Return the first set that fits and has at least three ticks, or else two; else the two ends of one."""
    fitting = [ticks for ticks in sets if 2 <= len(ticks) <= max(at_most, 2) and fits(ticks)]
    if fitting:
        return next((ticks for ticks in fitting if len(ticks) > 2), fitting[0])
    ends = ([ticks[0], ticks[-1]] for ticks in reversed(sets) if len(ticks) > 2)
    return next((pair for pair in ends if fits(pair)), [])


def linear_sets(low: float, high: float) -> list[list[Tick]]:
    """Return sets of equidistant round values, from many to few."""
    span = high - low
    powers = range(math.floor(math.log10(span / _FINEST)), math.ceil(math.log10(span)) + 1)
    steps = [mantissa * 10.0**power for power in powers for mantissa in _MANTISSAS]
    return [_multiples(step, low, high) for step in steps if span / _FINEST <= step <= span]


def log_sets(low: float, high: float) -> list[list[Tick]]:
    """Return sets of round values over powers of ten from `low` to `high`: 1, 2, 5, 10, ..., powers, then 1, 3, 10, ...

    Within one power of ten, equidistant values follow.
    """
    powers = range(math.floor(low), math.ceil(high) + 1)

    def between(*mantissas: int) -> list[Tick]:
        return _inside((power + math.log10(mantissa) for power in powers for mantissa in mantissas), low, high)

    of_powers = [_inside((float(power) for power in powers if power % stride == 0), low, high) for stride in _STRIDES]
    sets = [between(*_MANTISSAS), *of_powers, between(1, 3)]
    if high - low < 1:
        values = ([tick for tick in ticks if tick.position > 0] for ticks in linear_sets(10.0**low, 10.0**high))
        sets += [[Tick(_kept(math.log10(tick.position), low, high), tick.label) for tick in ticks] for ticks in values]
    return sets


def round_step(least: float) -> float:
    """Return the smallest of ..., 0.5, 1, 2, 5, 10, ... that is not below `least`."""
    magnitude: float = 10.0 ** math.floor(math.log10(least))
    return next((m * magnitude for m in _MANTISSAS if m * magnitude >= least * (1 - 1e-9)), 10 * magnitude)


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


def short_power(number: str) -> str:
    """Shorten the power of ten in a number: `2.1e-6` for `2.1e-06`."""
    mantissa, power, exponent = number.partition("e")
    return f"{mantissa}e{int(exponent)}" if power else number


def _multiples(step: float, low: float, high: float) -> list[Tick]:
    values = [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    largest = max(map(abs, values), default=0)
    if 1e-3 <= step < 1 and largest < 1e3:
        decimals = -math.floor(math.log10(step) + 1e-9)
        labels = [f"{value:.{decimals}f}" for value in values]
    elif 1 <= step < 100 and 1e3 <= largest < 1e6:
        labels = [f"{value:,.0f}" for value in values]
    else:
        labels = [short_number(value) for value in values]
    return [Tick(_kept(value, low, high), label) for value, label in zip(values, labels, strict=True)]


def _inside(positions: Iterable[float], low: float, high: float) -> list[Tick]:
    inside = [position for position in positions if low - 1e-9 <= position <= high + 1e-9]
    return [Tick(_kept(position, low, high), short_number(10.0**position)) for position in inside]


def _kept(position: float, low: float, high: float) -> float:
    """Undo what rounding added beyond the ends."""
    return min(max(position, low), high)
