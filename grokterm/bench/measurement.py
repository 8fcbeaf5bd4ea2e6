"""Timing of several workloads in turns, so that other load on the machine affects all of them equally."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Workload:
    """A function that runs steps."""

    run: Callable[[int], float]
    """Runs a number of steps, and returns the seconds they took."""

    unit: int = 1
    """Steps are run in multiples of this, so that each turn has the same share of evaluations."""


class Spread(NamedTuple):
    """Median and extremes of several repetitions."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the extremes."""
    return Spread(median(values), min(values), max(values))


def ratio(rates: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Return the spread of the ratios within each repetition, measured at about the same time."""
    return spread([rate / base for rate, base in zip(rates, baseline, strict=True)])


def measure(workloads: Mapping[Key, Workload], *, repetitions: int, seconds: float) -> dict[Key, tuple[float, ...]]:
    """Return the steps per second of each workload in each repetition.

    A repetition is one turn of every workload (ABC ABC), of about `seconds` each. Finding the number of steps per turn is also
    the warm-up.
    """
    steps = {key: steps_per_turn(workload, seconds) for key, workload in workloads.items()}
    rates = [{key: steps[key] / workload.run(steps[key]) for key, workload in workloads.items()} for _ in range(repetitions)]
    return {key: tuple(repetition[key] for repetition in rates) for key in workloads}


def steps_per_turn(workload: Workload, seconds: float) -> int:
    """Return how many steps take about `seconds`, at least one unit."""
    steps = workload.unit
    while (taken := workload.run(steps)) < seconds / 4:
        steps *= 2
    return workload.unit * max(1, ceil(seconds / taken * steps / workload.unit))
