"""When something happens in a run: a milestone, a bound on what an evaluation measures, or so many steps after one of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from operator import ge, gt, le, lt
from typing import Annotated, Any, Literal, Self, TypeAlias, cast, get_args

import numpy as np
from jaxtyping import Float
from pydantic import AfterValidator

from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.reading.hints import nearest

Milestone = Literal["memorized", "grokked", "ungrokked", "diverged"]

COMPARISONS: dict[str, Callable[[Any, Any], Any]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def has_comparison(text: str) -> bool:
    """Whether a text is meant as a comparison."""
    return re.search("[<>=]", text) is not None


@dataclass(frozen=True)
class Comparison:
    """A bound on what an evaluation measures: `train_loss < 1e-4`. Of an ensemble, on the mean over its members."""

    measure: str
    comparison: str
    bound: float

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a comparison; None if the text has no such sign.

        Raises:
            ValueError: if it has one, and the rest is not a measure and a number.
        """
        if not has_comparison(text):
            return None
        parts = re.fullmatch(rf"\s*({'|'.join(METRICS_IN_ORDER)})\s*({'|'.join(COMPARISONS)})\s*([^\s=]+)\s*", text)
        bound = _number(parts[3]) if parts else None
        if parts is None or bound is None:
            raise ValueError(
                f"{text!r} is not a comparison: write MEASURE < NUMBER, or with {', '.join(list(COMPARISONS)[1:])}, "
                f"the measure being one of {', '.join(METRICS_IN_ORDER)}"
            )
        return cls(parts[1], parts[2], bound)

    def is_met_by(self, value: float | None) -> bool:
        """Tell whether a value lies within the bound; NaN, and what was not measured, does not."""
        return value is not None and bool(COMPARISONS[self.comparison](value, self.bound))

    def first_met(self, values: Float[np.ndarray, " evaluations"] | None) -> int | None:
        """Return the place of the first value within the bound; None if there is none, or nothing was measured."""
        if values is None:
            return None
        is_met = np.asarray(COMPARISONS[self.comparison](values, np.float64(self.bound)))
        return int(is_met.argmax()) if is_met.any() else None


Event: TypeAlias = Milestone | Comparison


@dataclass(frozen=True)
class Condition:
    """The first evaluation that shows an event, or so many steps later."""

    event: Event
    delay: int = 0

    @property
    def is_about_validation(self) -> bool:
        """Without equations held out that were never trained on, it never comes."""
        event = self.event
        return event.measure.startswith("val_") if isinstance(event, Comparison) else event in ("grokked", "ungrokked")

    @property
    def is_about_average(self) -> bool:
        """Without an average of the weights it never comes."""
        return isinstance(self.event, Comparison) and self.event.measure.startswith("average_")

    @classmethod
    def parse(cls, text: str, *others: str) -> Self:
        """Read `grokked`, `val_loss < 1e-4` or `500 steps after grokked`.

        Raises:
            ValueError: if it is none of these; the message names the other choices too.
        """
        parts = re.fullmatch(r"\s*(?:([0-9]+)\s+steps?\s+after\s+)?(.*?)\s*", text)
        assert parts
        delay, event = int(parts[1] or 0), parts[2]
        if event == "diverged" and delay:
            raise ValueError(f"{text!r} never comes: a run that diverges ends there")
        if event in get_args(Milestone):
            return cls(cast("Milestone", event), delay)
        comparison = Comparison.parse(event)
        if comparison is None:
            choices = (*others, *get_args(Milestone))
            raise ValueError(
                f"must be one of {', '.join(choices)}, a comparison as in 'val_loss < 1e-4', or later as in"
                f" '500 steps after grokked', not {text!r}{nearest(text, choices)}"
            )
        return cls(comparison, delay)


def _as_written(text: str, *others: str) -> str:
    """Check a condition, and space it evenly, so that equal ones are equal texts."""
    Condition.parse(text, *others)
    return re.sub(r"\s*([<>]=?)\s*", r" \1 ", " ".join(text.split()))


def _stops(text: str) -> str:
    if text == "diverged":
        raise ValueError("must be another than diverged: a run that diverges ends there anyway")
    return text if text == "never" else _as_written(text, "never")


ConditionText = Annotated[str, AfterValidator(_as_written)]
StopText = Annotated[str, AfterValidator(_stops)]
"""A condition, or never."""


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None
