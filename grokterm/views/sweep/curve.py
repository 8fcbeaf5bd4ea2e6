"""The curve of a sweep: the measure over one axis, a line for each variant and each value of the other axes."""

from collections.abc import Mapping, Sequence
from math import isinf, nan

import numpy as np

from grokterm.experiment.sweep import Sweep, Value, label_of, short_name
from grokterm.plots.estimates import Bracket, EstimateChart, Estimates
from grokterm.sweeps.axes import ValueAxis
from grokterm.sweeps.layout import lines_of
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.measuring.statistics import Estimate
from grokterm.sweeps.search.crossing import Crossing

UNKNOWN = Estimate(0, nan, nan, nan)


def chart_of(sweep: Sweep, outcomes: Sequence[PointOutcome], crossings: Sequence[Crossing] = ()) -> EstimateChart:
    """Make lines of the points of a sweep."""
    found = lines_of(sweep, outcomes)
    numbers = {label: number for number, label in enumerate(found.by_label)}
    brackets = []
    for crossing in crossings:
        if crossing.estimate is not None:
            center, low, high = map(found.below.position, crossing.estimate[1:])
            brackets.append(Bracket(center, low, high, numbers.get(found.label(crossing.point), 0)))
    over = f" over {short_name(found.below.name)}" if found.below.name else ""
    return EstimateChart(
        f"{found.measure}{over}",
        [_line(label, found.below, points) for label, points in found.by_label.items()],
        found.below.ticks,
        found.scale,
        found.limits,
        brackets,
    )


def _line(label: str, axis: ValueAxis, points: Mapping[Value, PointOutcome]) -> Estimates:
    places = [place for place, value in enumerate(axis.values) if value in points]
    here = [points[axis.values[place]] for place in places]
    numbers = np.array([one.estimate or UNKNOWN for one in here], dtype=np.float64)
    _, center, low, high = numbers.T
    is_partial = np.array([len(one.results) < len(one.members) for one in here], dtype=np.bool_)
    return Estimates(label, axis.positions[places], center, low, high, is_partial)


def said_of(crossing: Crossing) -> str:
    """Say where a measure crosses a value: `weight decay 1: crosses 0.5 at 0.067 (0.055 to 0.081, 8 seeds)`."""
    where = f"{label_of(crossing.point.columns)}: " if crossing.point.columns else ""
    if crossing.problem:
        return f"{where}{crossing.problem}"
    if crossing.estimate is None:
        return f"{where}no crossing yet"
    value = crossing.low.crosses
    crossed = "half of the seeds reach it" if isinf(value) else f"crosses {value:g}"
    n, center, low, high = crossing.estimate
    return f"{where}{crossed} at {center:.4g} ({low:.4g} to {high:.4g}, {n} seed{'s' * (n > 1)})"
