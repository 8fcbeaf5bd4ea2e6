"""The curve of a sweep: the measure over one axis, a line for each variant and each value of the other axes."""

from collections.abc import Mapping, Sequence
from math import isfinite, isinf, nan

import numpy as np

from grokterm.experiment.expectation import is_step
from grokterm.experiment.sweep import Sweep, Value
from grokterm.plots.axis import Limits, Scale
from grokterm.plots.cells import Rows
from grokterm.plots.estimates import Bracket, EstimateChart, Estimates, draw_estimates
from grokterm.plots.palettes import Palette
from grokterm.sweeps.measures import measure_name
from grokterm.sweeps.outcomes import PointOutcome
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.statistics import Estimate
from grokterm.views.sweep.axes import ValueAxis, axis_below, further_axes, label_of, short_name, value_axis

LEAST_DECADES = 10  # largest value by smallest, from which a measure is drawn on a logarithmic axis

UNKNOWN = Estimate(0, nan, nan, nan)


def draw_curve(  # noqa: PLR0913 - each is one property of the picture
    sweep: Sweep,
    outcomes: Sequence[PointOutcome],
    crossings: Sequence[Crossing] = (),
    *,
    width: int,
    height: int,
    palette: Palette,
) -> Rows:
    """Draw what the points of a sweep came to so far; those without a result yet are seen as such."""
    return draw_estimates(chart_of(sweep, outcomes, crossings), width=width, height=height, palette=palette)


def chart_of(sweep: Sweep, outcomes: Sequence[PointOutcome], crossings: Sequence[Crossing] = ()) -> EstimateChart:
    """Make lines of the points of a sweep."""
    columns = [outcome.point.columns for outcome in outcomes]
    below = axis_below(sweep, columns)
    others = further_axes(sweep, below)
    axis = value_axis(below, [one[below] for one in columns if below in one] or [""])
    lines: dict[str, dict[Value, PointOutcome]] = {}
    for outcome, one in zip(outcomes, columns, strict=True):
        lines.setdefault(label_of(one, others), {})[one.get(below, "")] = outcome
    numbers = {label: number for number, label in enumerate(lines)}
    brackets = []
    for crossing in crossings:
        if crossing.estimate is not None:
            center, low, high = map(axis.position, crossing.estimate[1:])
            brackets.append(Bracket(center, low, high, numbers.get(label_of(crossing.point.columns, others), 0)))
    scale, limits = value_scale(sweep.measure, outcomes)
    over = f" over {short_name(below)}" if below else ""
    return EstimateChart(
        f"{short_name(measure_name(sweep))}{over}",
        [_line(label, axis, points) for label, points in lines.items()],
        axis.ticks,
        scale,
        limits,
        brackets,
    )


def _line(label: str, axis: ValueAxis, points: Mapping[Value, PointOutcome]) -> Estimates:
    places = [place for place, value in enumerate(axis.values) if value in points]
    here = [points[axis.values[place]] for place in places]
    numbers = np.array([one.estimate or UNKNOWN for one in here], dtype=np.float64)
    _, center, low, high = numbers.T
    is_partial = np.array([len(one.results) < len(one.members) for one in here], dtype=np.bool_)
    return Estimates(label, axis.positions[places], center, low, high, is_partial)


def value_scale(measure: str, outcomes: Sequence[PointOutcome]) -> tuple[Scale, Limits | None]:
    """Choose the axis of a measure: shares from 0 to 1, steps and losses on a logarithmic one where they differ much."""
    if measure.endswith("accuracy"):
        return "linear", (0, 1)
    found = [one.estimate.center for one in outcomes if one.estimate is not None and isfinite(one.estimate.center)]
    is_positive = bool(found) and min(found) > 0
    if is_positive and (is_step(measure) or "loss" in measure) and max(found) >= LEAST_DECADES * min(found):
        return "log", None
    return "linear", None


def said_of(crossing: Crossing) -> str:
    """Say where a measure crosses a value: `crosses 0.5 at 0.067 (0.055 to 0.081, 8 seeds)`."""
    if crossing.problem:
        return crossing.problem
    if crossing.estimate is None:
        return "no crossing yet"
    value = crossing.low.crosses
    crossed = "half of the seeds reach it" if isinf(value) else f"crosses {value:g}"
    n, center, low, high = crossing.estimate
    return f"{crossed} at {center:.4g} ({low:.4g} to {high:.4g}, {n} seed{'s' * (n > 1)})"
