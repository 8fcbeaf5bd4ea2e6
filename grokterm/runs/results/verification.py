"""Comparison of runs with the expectations of their experiment.

An expected range is met if the median over the seeds lies inside; a step never reached counts as infinite. "never" is met if no
seed reached it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import median
from typing import Any

from grokterm.experiment.conditions import Comparison
from grokterm.experiment.expectation import Expect, Wanted
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.sweep import Value
from grokterm.runs.results.summary import Summary


@dataclass(frozen=True)
class Outcome:
    """The results of one run, and where it ran."""

    summary: Summary
    seed: int = 0
    evaluations: tuple[Evaluated | Evaluations, ...] = ()
    inspected: Mapping[str, float | None] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One expectation, and the measured values."""

    measure: str
    expected: Wanted
    values: tuple[float | None, ...] = ()
    """One per run; None for a step never reached, and for a metric that is not finite or undefined for the network."""

    where: Mapping[str, Value] = field(default_factory=dict)
    """The point of a sweep at which it is expected: values of axes, and `variant`."""

    @property
    def median(self) -> float | None:
        """The median of the values; None counts as infinite."""
        middle = median(inf if value is None else value for value in self.values)
        return middle if isfinite(middle) else None

    @property
    def n_inside(self) -> int:
        """How many runs meet the expectation on their own."""
        return sum(_is_inside(value, self.expected) for value in self.values)

    @property
    def is_met(self) -> bool:
        """Whether the runs together meet the expectation."""
        return self.n_inside == len(self.values) if self.expected == "never" else _is_inside(self.median, self.expected)


@dataclass(frozen=True)
class Check:
    """A preset, its expectations, and the runs to compare, or why there are none."""

    preset: str
    experiment: Experiment
    expect: Expect
    outcomes: tuple[Outcome, ...] = ()
    not_run: str = ""

    @property
    def wanted(self) -> list[Verdict]:
        """The expectations, without values."""
        return [Verdict(name, wanted) for name, wanted in self.expect.ranges.items()]

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict per expectation; none without runs."""
        return judge(self.expect, self.outcomes) if self.outcomes else []


def judge(expect: Expect, outcomes: Sequence[Outcome]) -> list[Verdict]:
    """Compare one or more runs of an experiment with its expectations, one verdict each.

    If a run diverged and the experiment does not expect it, adds the expectation that it never does.
    """
    ranges = dict(expect.ranges)
    if any(outcome.summary.diverged_at is not None for outcome in outcomes):
        ranges.setdefault("diverged_at", "never")
    return [
        Verdict(measure=name, expected=expected, values=tuple(_value(outcome, name, expect) for outcome in outcomes))
        for name, expected in ranges.items()
    ]


def first_crossing(crossing: Comparison, evaluations: Iterable[Evaluated | Evaluations]) -> int | None:
    """Return the first evaluated step that meets the crossing; None if there is none."""
    for one in evaluations:
        if isinstance(one, Evaluations):
            if (row := crossing.first_met(one.columns.get(crossing.measure))) is not None:
                return int(one.columns["step"][row])
        elif crossing.is_met_by(getattr(one, crossing.measure)):
            return one.step
    return None


def _value(outcome: Outcome, name: str, expect: Expect) -> float | None:
    if crossing := expect.crossings.get(name):
        return first_crossing(crossing, outcome.evaluations)
    value = outcome.inspected[name] if name in expect.inspected else getattr(outcome.summary, name)
    return value if value is not None and isfinite(value) else None


def _is_inside(value: float | None, expected: Wanted) -> bool:
    if expected == "never" or value is None:
        return expected == "never" and value is None
    return expected[0] <= value <= expected[1]
