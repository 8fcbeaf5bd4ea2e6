"""What the members of an ensemble came to, as statistics over their seeds."""

from collections.abc import Iterable
from math import isfinite
from statistics import fmean, quantiles, stdev
from typing import Self

from pydantic import BaseModel


class Statistics(BaseModel):
    """A number over the members that have it: those that reached a milestone, those whose number is finite."""

    n: int
    """How many have it. None of the other values without any."""

    mean: float | None = None
    standard_deviation: float | None = None
    """Of a sample, with n - 1; None for one member."""

    lowest: float | None = None
    quartiles: tuple[float, float, float] | None = None
    """Interpolated linearly; the second is the median."""

    highest: float | None = None

    @classmethod
    def of(cls, values: Iterable[float | None]) -> Self:
        """Work them out, without values that are None or not finite."""
        finite = sorted(value for value in values if value is not None and isfinite(value))
        if not finite:
            return cls(n=0)
        lower, median, upper = quantiles(finite, n=4, method="inclusive") if finite[1:] else finite * 3
        return cls(
            n=len(finite),
            mean=fmean(finite),
            standard_deviation=stdev(finite) if finite[1:] else None,
            lowest=finite[0],
            quartiles=(lower, median, upper),
            highest=finite[-1],
        )
