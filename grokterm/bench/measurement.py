"""Contenders timed in turn, so that whatever else the machine does meets all of them alike."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Timed:
    """Something that makes steps."""

    run: Callable[[int], float]
    """Makes so many steps, and returns the seconds that they took."""

    unit: int = 1
    """Only multiples of so many steps are compared: what comes once an evaluation is in each of them."""


class Spread(NamedTuple):
    """What several repetitions came to."""

    median: float
    low: float
    high: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the extremes."""
    return Spread(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Compare within each repetition, whose contenders saw the same machine, and only then over all of them."""
    return spread([our / their for our, their in zip(ours, theirs, strict=True)])


def measure(contenders: Mapping[Key, Timed], *, repetitions: int, seconds: float) -> dict[Key, tuple[float, ...]]:
    """Return the steps a second of each contender in each repetition.

    A repetition is one turn for every contender (ABC ABC), of about so many seconds each. What comes before is not counted:
    a contender that has not yet warmed up does so while the steps of its turns are counted out.
    """
    steps = {key: steps_of_a_turn(contender, seconds) for key, contender in contenders.items()}
    rounds = [
        {key: steps[key] / contender.run(steps[key]) for key, contender in contenders.items()} for _ in range(repetitions)
    ]
    return {key: tuple(one[key] for one in rounds) for key in contenders}


def steps_of_a_turn(contender: Timed, seconds: float) -> int:
    """Count out how many steps take about so long, at least one unit."""
    steps = contender.unit
    while (taken := contender.run(steps)) < seconds / 4:
        steps *= 2
    return contender.unit * max(1, ceil(seconds / taken * steps / contender.unit))
