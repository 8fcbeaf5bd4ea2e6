"""What the seeds of a point come to: a center, and an interval that holds that of all seeds with 95 % confidence."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from math import ceil, floor, inf, isnan, sqrt
from statistics import NormalDist
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from grokterm.experiment.expectation import is_step
from grokterm.sweeps.storage.result import Result

CONFIDENCE = 0.95

N_RESAMPLES = 2000

MOST_AT_ONCE = 2**20  # numbers that are resampled at once

Center = Literal["median", "mean"]

CENTERS: dict[Center, Callable[..., Float[np.ndarray, " resamples"]]] = {"median": np.median, "mean": np.mean}


class Estimate(NamedTuple):
    """A number over seeds. Of one seed the interval is that number: one tells nothing of the others."""

    n: int
    """How many seeds."""

    center: float
    low: float
    high: float


def measured(result: Result, measure: str) -> float | None:
    """Return what was measured of a member; None if it has failed, or has no such number."""
    if result.outcome == "failed":
        return None
    value = result.value(measure)
    if value is None and is_step(measure):
        return inf
    return None if value is None or isnan(value) else value


def over_seeds(results: Iterable[Result], measure: str, center: Center = "median") -> Estimate | None:
    """Return the center of a measure over the members of a point, with its interval; None if no member has it."""
    values = [value for result in results if (value := measured(result, measure)) is not None]
    return bootstrap(tuple(sorted(values)), center) if values else None


def share(n_that_show: int, n: int) -> Estimate:
    """Return the share of seeds that show something, with the interval of Wilson (1927)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    found = n_that_show / n
    middle = (found + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(found * (1 - found) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return Estimate(n, found, max(0.0, middle - half), min(1.0, middle + half))


@lru_cache(maxsize=10_000)
def bootstrap(values: tuple[float, ...], center: Center = "median") -> Estimate:
    """Return the center of values, with the percentiles of that of samples drawn from them (Efron, 1979).

    The samples are the same each time. Values may be infinite: a median of which half are is infinite too.
    """
    drawn = np.random.default_rng(0)
    given, n = np.asarray(values, dtype=np.float64), len(values)
    rows = [min(MOST_AT_ONCE // n + 1, N_RESAMPLES - done) for done in range(0, N_RESAMPLES, MOST_AT_ONCE // n + 1)]
    low, high = between(np.concatenate([CENTERS[center](drawn.choice(given, (n_rows, n)), axis=1) for n_rows in rows]))
    return Estimate(n, float(CENTERS[center](given)), low, high)


def between(resampled: Float[np.ndarray, " resamples"]) -> tuple[float, float]:
    """Return the interval that holds CONFIDENCE of what was resampled; each end is one of the numbers."""
    ranked, outside = np.sort(resampled), (1 - CONFIDENCE) / 2
    return float(ranked[floor(outside * len(ranked))]), float(ranked[ceil((1 - outside) * len(ranked)) - 1])
