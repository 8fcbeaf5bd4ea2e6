"""What the points of a sweep came to, laid out over its axes: as lines over one, or as a map over two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, log10

import numpy as np
from jaxtyping import Bool, Float

from grokterm.experiment.expectation import is_step
from grokterm.experiment.sweep import Sweep, Value, label_of
from grokterm.plots.axis import Limits, Scale
from grokterm.sweeps.axes import ValueAxis, axis_below, further_axes, value_axis
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.members import Point

LEAST_DECADES = 10  # largest value by smallest, from which a measure is drawn on a logarithmic axis


@dataclass(frozen=True, eq=False)
class SweptLines:
    """The measure over one axis, a line for each variant and each value of the other axes."""

    measure: str
    below: ValueAxis
    others: Sequence[str]
    """The axes that tell lines apart."""

    by_label: Mapping[str, Mapping[Value, PointOutcome]]
    """What the points of each line came to, by the value below."""

    scale: Scale
    limits: Limits | None

    def label(self, point: Point) -> str:
        """Say to which line a point belongs."""
        return _label(point, self.others)


@dataclass(frozen=True, eq=False)
class SweptMap:
    """The measure at each pair of values; NaN where nothing is known yet, inf where a step was not reached."""

    measure: str
    below: ValueAxis
    beside: ValueAxis
    values: Float[np.ndarray, "beside below"]
    scale: Scale
    limits: Limits
    """The values of the first and the last color."""

    has_diverged: Bool[np.ndarray, "beside below"]
    """Where there is no value because most members have diverged."""

    @property
    def shares(self) -> Float[np.ndarray, "beside below"]:
        """Where values lie between the limits; NaN where there is no color."""
        low, high = map(float, self.limits)
        values = np.where(np.isfinite(self.values), self.values, np.nan)
        if self.scale == "log":
            low, high, values = log10(low), log10(high), np.log10(values)
        shares: Float[np.ndarray, "beside below"] = (values - low) / (high - low if high > low else 1.0)
        return shares


def lines_of(sweep: Sweep, outcomes: Sequence[PointOutcome]) -> SweptLines:
    """Make lines of the points of a sweep."""
    below = axis_below(sweep)
    others = further_axes(sweep, below)
    by_label: dict[str, dict[Value, PointOutcome]] = {}
    for outcome in outcomes:
        by_label.setdefault(_label(outcome.point, others), {})[outcome.point.columns.get(below, "")] = outcome
    axis = value_axis(below, [value for line in by_label.values() for value in line] or [""])
    return SweptLines(_said(sweep), axis, others, by_label, *value_scale(sweep.measure, outcomes))


def map_of(sweep: Sweep, outcomes: Sequence[PointOutcome]) -> SweptMap | None:
    """Make a map of the points of a sweep; None if it has not two axes."""
    below = axis_below(sweep)
    others = further_axes(sweep, below)
    if len(others) != 1 or sweep.search is not None or not outcomes:
        return None
    columns, (beside,) = [outcome.point.columns for outcome in outcomes], others
    across, up = (value_axis(name, [one[name] for one in columns]) for name in (below, beside))
    rows, places = up.places, across.places
    values, has_diverged = np.full((len(rows), len(places)), np.nan), np.zeros((len(rows), len(places)), np.bool_)
    for outcome, one in zip(outcomes, columns, strict=True):
        has_diverged[rows[one[beside]], places[one[below]]] = outcome.has_diverged
        if outcome.estimate is not None:
            values[rows[one[beside]], places[one[below]]] = outcome.estimate.center
    scale, limits = value_scale(sweep.measure, outcomes)
    finite = values[np.isfinite(values)]
    found = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return SweptMap(_said(sweep), across, up, values, scale, limits or found, has_diverged & ~np.isfinite(values))


def value_scale(measure: str, outcomes: Sequence[PointOutcome]) -> tuple[Scale, Limits | None]:
    """Choose the axis of a measure: shares from 0 to 1, steps and losses on a logarithmic one where they differ much."""
    if measure.endswith("accuracy"):
        return "linear", (0, 1)
    found = [one.estimate.center for one in outcomes if one.estimate is not None and isfinite(one.estimate.center)]
    is_positive = bool(found) and min(found) > 0
    if is_positive and (is_step(measure) or "loss" in measure) and max(found) >= LEAST_DECADES * min(found):
        return "log", None
    return "linear", None


def _said(sweep: Sweep) -> str:
    return measure_name(sweep).replace("_", " ")


def _label(point: Point, others: Sequence[str]) -> str:
    columns = point.columns
    return label_of({name: columns[name] for name in others})
