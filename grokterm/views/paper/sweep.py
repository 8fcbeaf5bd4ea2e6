"""Figures of a sweep, as the papers draw them: the same lines, and the same map, as on the screen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from grokterm.experiment.sweep import Sweep, Value, short_name
from grokterm.plots.paper.style import PaperFigure
from grokterm.plots.paper.sweep import Crossed, Measured, SweptAxis, SweptLine, draw_curves, draw_map
from grokterm.sweeps.axes import ValueAxis
from grokterm.sweeps.layout import lines_of, map_of
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.search.crossing import Crossing
from grokterm.views.paper.naming import LeftOut

MOST_TICKS = 14  # of a heat map


@dataclass(frozen=True)
class SweepSubject:
    """A sweep, and what its points came to."""

    sweep: Sweep
    outcomes: Sequence[PointOutcome]
    crossings: Sequence[Crossing] = ()
    """What its searches have found."""


def curves(subject: SweepSubject) -> PaperFigure | LeftOut:
    """Draw the measure over one axis, with error bars over the seeds, and a line for each variant and value of the others."""
    found = lines_of(subject.sweep, subject.outcomes)
    if len(found.below.values) < 2:
        return LeftOut("the sweep has one point")
    lines = [_line(label, found.below, points) for label, points in found.by_label.items()]
    numbers = {label: number for number, label in enumerate(found.by_label)}
    crossed = [
        Crossed(one.estimate.low, one.estimate.center, one.estimate.high, numbers[found.label(one.point)])
        for one in subject.crossings
        if one.estimate is not None
    ]
    return draw_curves(lines, _axis(found.below), Measured(found.measure, found.scale, found.limits), crossed)


def heat_map(subject: SweepSubject) -> PaperFigure | LeftOut:
    """Draw the measure over two axes."""
    found = map_of(subject.sweep, subject.outcomes)
    if found is None:
        return LeftOut("it takes a sweep over two axes, without a search")
    measured = Measured(found.measure, found.scale, found.limits)
    return draw_map(found.values, found.has_diverged, _ticks(found.beside), _ticks(found.below), measured)


SWEEP_FIGURES: dict[str, Callable[[SweepSubject], PaperFigure | LeftOut]] = {"curves": curves, "map": heat_map}
"""Of one sweep."""


def _line(label: str, below: ValueAxis, points: Mapping[Value, PointOutcome]) -> SweptLine:
    places = [place for place, value in enumerate(below.values) if value in points]
    estimates = [points[below.values[place]].estimate for place in places]
    numbers = [(np.nan,) * 3 if found is None else (found.center, found.low, found.high) for found in estimates]
    centers, low, high = np.array(numbers, dtype=np.float64).T
    x = np.array([below.values[place] if below.is_numeric else place for place in places], dtype=np.float64)
    return SweptLine(label, x, centers, low, high)


def _axis(below: ValueAxis) -> SweptAxis:
    name = short_name(below.name)
    if not below.is_numeric:
        return SweptAxis(name, below.labels)
    gap = float(below.positions[1] - below.positions[0]) if below.is_logarithmic and below.values[0] == 0 else 0.0
    return SweptAxis(name, scale="log" if below.is_logarithmic else "linear", zero_gap=gap)


def _ticks(axis: ValueAxis) -> SweptAxis:
    """Name the cells along an axis; of many some."""
    every = -(-len(axis.values) // MOST_TICKS)
    return SweptAxis(short_name(axis.name), [label if n % every == 0 else "" for n, label in enumerate(axis.labels)])
