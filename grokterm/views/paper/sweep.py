"""Figures of a sweep, as the papers draw them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grokterm.experiment.sweep import Sweep, Value
from grokterm.plots.paper.style import PaperFigure
from grokterm.plots.paper.sweep import SweptAxis, SweptLine, draw_curves, draw_map
from grokterm.sweeps.measures import measure_name
from grokterm.sweeps.outcomes import PointOutcome
from grokterm.sweeps.report import short_name, written
from grokterm.sweeps.search.crossing import Crossing
from grokterm.views.paper.naming import LeftOut

VARIANT = "variant"

MOST_TICKS = 14  # of a heat map


@dataclass(frozen=True)
class SweepSubject:
    """A sweep, and what its points came to."""

    sweep: Sweep
    outcomes: Sequence[PointOutcome]
    crossings: Sequence[Crossing] = ()
    """What its searches have found."""

    @cached_property
    def axes(self) -> dict[str, list[Value]]:
        """The values of each axis that has several, variants among them; numbers ascending."""
        names = dict.fromkeys(name for outcome in self.outcomes for name in outcome.point.columns)
        found = {name: _sorted([outcome.point.columns[name] for outcome in self.outcomes]) for name in names}
        return {name: values for name, values in found.items() if len(values) > 1}

    @property
    def over(self) -> str:
        """The axis below the curve: the one that is asked for, or the one with most numbers; empty without axes."""
        if self.sweep.over in self.axes:
            return self.sweep.over
        searched = self.sweep.search.along if self.sweep.search else ""
        return max(
            self.axes, key=lambda name: (name == searched, _is_number(self.axes[name]), len(self.axes[name])), default=""
        )


def curves(subject: SweepSubject) -> PaperFigure | LeftOut:
    """Draw the measure over one axis, with error bars over the seeds, and a line for each variant and value of the others."""
    if not subject.over:
        return LeftOut("the sweep has one point")
    values, by_label = subject.axes[subject.over], dict[str, list[PointOutcome]]()
    for outcome in subject.outcomes:
        by_label.setdefault(_label(subject, outcome), []).append(outcome)
    is_numeric = _is_number(values)
    places = {repr(value): float(value) if is_numeric else number for number, value in enumerate(values)}  # type: ignore[arg-type]  # they are numbers
    lines = [_line(label, group, subject.over, places) for label, group in by_label.items()]
    axis = SweptAxis(short_name(subject.over), () if is_numeric else [written(value) for value in values])
    searched = [
        one.estimate for one in subject.crossings if subject.sweep.search and subject.over == subject.sweep.search.along
    ]
    crossed = [(one.low, one.center, one.high) for one in searched if one is not None]
    return draw_curves(lines, axis, measure_name(subject.sweep).replace("_", " "), crossed)


def heat_map(subject: SweepSubject) -> PaperFigure | LeftOut:
    """Draw the measure over two axes."""
    if len(subject.axes) != 2:
        return LeftOut(f"a map has two axes, and the sweep {len(subject.axes)}")
    columns = subject.over
    (rows,) = (name for name in subject.axes if name != columns)
    places = [{repr(value): number for number, value in enumerate(subject.axes[name])} for name in (rows, columns)]
    cells = np.full((len(places[0]), len(places[1])), np.nan)
    for outcome in subject.outcomes:
        if outcome.estimate is not None:
            row, column = (at[repr(outcome.point.columns[name])] for at, name in zip(places, (rows, columns), strict=True))
            cells[row, column] = outcome.estimate.center
    return draw_map(cells, _ticks(subject, rows), _ticks(subject, columns), measure_name(subject.sweep).replace("_", " "))


SWEEP_FIGURES: dict[str, Callable[[SweepSubject], PaperFigure | LeftOut]] = {"curves": curves, "map": heat_map}
"""Of one sweep."""


def _line(label: str, group: Sequence[PointOutcome], over: str, places: dict[str, float]) -> SweptLine:
    points = sorted((places[repr(outcome.point.columns[over])], outcome.estimate) for outcome in group)
    numbers = [(np.nan,) * 3 if found is None else (found.center, found.low, found.high) for _, found in points]
    centers, low, high = np.array(numbers, dtype=np.float64).T
    return SweptLine(label, np.array([place for place, _ in points], dtype=np.float64), centers, low, high)


def _label(subject: SweepSubject, outcome: PointOutcome) -> str:
    """Name a line by its variant, and by the values of the axes that are not below it."""
    others = {name: value for name, value in outcome.point.columns.items() if name in subject.axes and name != subject.over}
    return ", ".join(
        written(value) if name == VARIANT else f"{short_name(name)} {written(value)}" for name, value in others.items()
    )


def _ticks(subject: SweepSubject, name: str) -> SweptAxis:
    """Name the cells along an axis; of many some."""
    values = subject.axes[name]
    every = -(-len(values) // MOST_TICKS)
    return SweptAxis(short_name(name), [written(value) if number % every == 0 else "" for number, value in enumerate(values)])


def _is_number(values: Sequence[Value]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _sorted(values: Sequence[Value]) -> list[Value]:
    distinct = list({repr(value): value for value in values}.values())
    return sorted(distinct, key=float) if _is_number(distinct) else distinct  # type: ignore[arg-type]  # they are numbers
