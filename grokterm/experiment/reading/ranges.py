"""Values of an axis, written as a text: a range, or a list."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from math import log10, prod
from typing import Any

from grokterm.errors import ConfigError
from grokterm.experiment.reading.toml import parse_toml, parse_value

SPACED = re.compile(r"\s*([^:]+?)\s*:\s*([^:]+?)\s*:\s*(log)?\s*([^:]+?)\s*")  # FIRST:LAST:STEP or FIRST:LAST:logN
UNSPACED = re.compile(r"[-+.\deE_\s]+:[-+.\deE_\s]+")  # two numbers

MOST_VALUES = 100_000  # of one axis

LARGEST_EXPONENT = 300  # of ten in a number of a range


def spaced(text: str) -> list[int | float] | None:
    """Read `0.2:0.9:0.1`, evenly spaced values, or `1e-4:1:log5`, so many at equal ratios; None if it is another text.

    Raises:
        ValueError: if it has that form, and the numbers make no range.
    """
    if (parts := SPACED.fullmatch(text)) is None:
        return None
    first, last, step = (_number(parts[number], text) for number in (1, 2, 4))
    if parts[3]:
        n = int(step)
        if not 0 < first < last or n != step or not 2 <= n <= MOST_VALUES:
            raise ValueError(f"{text!r} is no range: FIRST:LAST:logN wants 0 < FIRST < LAST and N from 2 to {MOST_VALUES:,}")
        exponents = [log10(first) + number * log10(last / first) / (n - 1) for number in range(n)]
        return [float(first), *(float(f"{10**exponent:.6g}") for exponent in exponents[1:-1]), float(last)]
    if not (first <= last and step > 0 and (last - first) / step < MOST_VALUES):
        raise ValueError(
            f"{text!r} is no range: FIRST:LAST:STEP wants FIRST <= LAST, STEP above 0, and at most {MOST_VALUES:,} values"
        )
    values = [first + number * step for number in range(int((last - first) / step) + 1)]
    is_whole = all(one == one.to_integral_value() and "." not in str(one) for one in (first, step))
    return [int(value) if is_whole else float(value) for value in values]


def _number(text: str, whole: str) -> Decimal:
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ValueError(f"{whole!r} is no range: {text!r} is not a number")
    if number and not -LARGEST_EXPONENT <= number.adjusted() <= LARGEST_EXPONENT:  # as a whole number it would fill the memory
        raise ValueError(f"{whole!r} is no range: {text[:20]} is beyond 1e{LARGEST_EXPONENT}, or nearer to 0 than 1 by that")
    return number


def listed(given: object) -> Any:  # noqa: ANN401 - what else is given, which validation refuses
    """Return the values of an axis that is written as a list or as a text.

    Raises:
        ValueError: as `values_of` does.
    """
    return values_of(given) if isinstance(given, str) else given


def n_points(grid: Mapping[str, Any], zipped: Mapping[str, Any], variants: Mapping[str, Any]) -> int:
    """Count the points of a grid, each axis of which is written as a list or as a text."""
    together = max([len(listed(values)) for values in zipped.values()], default=1)
    return max(1, len(variants)) * prod(len(listed(values)) for values in grid.values()) * together


def values_of(text: str) -> list[Any]:
    """Read the values of an axis from a text: a range, or values between commas, each as in `--set`.

    Raises:
        ValueError: if there is none, or the range is none.
    """
    if (found := spaced(text)) is not None:
        return list(found)
    if UNSPACED.fullmatch(text):
        raise ValueError(f"{text!r} is no range: write FIRST:LAST:STEP, or FIRST:LAST:logN")
    try:
        listed = parse_toml(f"values = [{text}]")
    except ConfigError:
        listed = {}
    values = listed["values"] if len(listed) == 1 else [parse_value(part) for part in text.split(",")]
    if not any(value != "" for value in values):
        raise ValueError("has no values: write NAME=0.1,0.2 or NAME=0.1:0.9:0.1")
    if "" in values and '""' not in text:
        raise ValueError(f"{text!r} has nothing between two commas")
    return list(values)
