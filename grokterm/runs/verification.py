"""Runs held against what their experiment expects.

An expected range is met when the median over the seeds lies inside; a step that never came counts as later than every other.
"never" is met when it came with no seed at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isfinite
from statistics import median
from typing import Any

from grokterm.experiment.expectation import Crossing, Expect, Wanted
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.records import Evaluated
from grokterm.runs.summary import Summary


@dataclass(frozen=True)
class Outcome:
    """What one run showed, and where it ran."""

    summary: Summary
    seed: int = 0
    evaluations: tuple[Evaluated, ...] = ()
    inspected: Mapping[str, float | None] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """One expectation, and what was measured."""

    measure: str
    wanted: Wanted
    values: tuple[float | None, ...]
    """One a run; None for a step that never came, a number that is not finite, or one that its network does not have."""

    @property
    def median(self) -> float | None:
        """The middle of the values; None counts as larger than every number."""
        middle = median(inf if value is None else value for value in self.values)
        return middle if isfinite(middle) else None

    @property
    def n_inside(self) -> int:
        """How many of the runs meet the expectation alone."""
        return sum(_is_inside(value, self.wanted) for value in self.values)

    @property
    def is_met(self) -> bool:
        """Whether the expectation is met by all runs together."""
        return self.n_inside == len(self.values) if self.wanted == "never" else _is_inside(self.median, self.wanted)


@dataclass(frozen=True)
class Check:
    """A preset and what it expects, with the runs that are held against it, or why there are none."""

    preset: str
    experiment: Experiment
    expect: Expect
    outcomes: tuple[Outcome, ...] = ()
    not_run: str = ""

    @property
    def verdicts(self) -> list[Verdict]:
        """One verdict an expectation; none where nothing was run."""
        return hold(self.expect, self.outcomes) if self.outcomes else []


def hold(expect: Expect, outcomes: Sequence[Outcome]) -> list[Verdict]:
    """Hold at least one run of an experiment against its expectations, one verdict each.

    A run that diverged says nothing of what never happens, so that not to diverge is expected of all that do not expect it.
    """
    wanted = dict(expect.ranges)
    if any(outcome.summary.diverged_at is not None for outcome in outcomes):
        wanted.setdefault("diverged_at", "never")
    return [
        Verdict(measure=name, wanted=one, values=tuple(_value(outcome, name, expect) for outcome in outcomes))
        for name, one in wanted.items()
    ]


def first_crossing(crossing: Crossing, evaluations: Iterable[Evaluated]) -> int | None:
    """Return the first evaluated step on the far side; None if there is none."""
    return next((one.step for one in evaluations if crossing.is_met_by(getattr(one, crossing.measure))), None)


def _value(outcome: Outcome, name: str, expect: Expect) -> float | None:
    if crossing := expect.crossings.get(name):
        return first_crossing(crossing, outcome.evaluations)
    value = outcome.inspected[name] if name in expect.inspected else getattr(outcome.summary, name)
    return value if value is not None and isfinite(value) else None


def _is_inside(value: float | None, wanted: Wanted) -> bool:
    if wanted == "never" or value is None:
        return wanted == "never" and value is None
    return wanted[0] <= value <= wanted[1]
