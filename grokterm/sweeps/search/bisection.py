"""Bisection along one axis, with as many seeds at each value as are needed to tell on which side of the crossing it lies.

What comes next depends on the results alone: in whichever order they come, and after whichever interruption, the same members
are asked for, and none that is not needed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, isinf, sqrt

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import is_step
from grokterm.experiment.sweep import Search
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.search.ballot import Ballot
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.result import Result

FINENESS = 50  # a middle is rounded by at most this part of the distance between both sides, so that it reads well

ROUNDING = 1e-9  # part of the tolerance


@dataclass(frozen=True)
class Bisection:
    """The search along one axis, at one point of the others."""

    point: Point
    search: Search
    measure: str
    members_at: Callable[[float], Sequence[Member]]
    """Makes the members at a value of the axis, one for each seed; ConfigError if the experiment refuses the value."""

    is_whole: bool = False
    """Whether the axis has whole numbers only."""

    _members: dict[float, Sequence[Member]] = field(default_factory=dict)

    @property
    def crosses(self) -> float:
        """The value that the measure crosses."""
        if self.search.crosses is not None:
            return self.search.crosses
        return inf if is_step(self.measure) else 0.5

    @property
    def ends(self) -> tuple[float, float]:
        """The two values between which it searches."""
        low, high = self.search.between
        return (int(low), int(high)) if self.is_whole else (low, high)

    @property
    def n_values(self) -> int:
        """At how many values it needs members, if it finds a crossing: at most."""
        low, high = self.ends
        n = 2
        while (value := self._middle(low, high)) is not None:
            is_farther = high / value > value / low if self._is_logarithmic else high - value > value - low
            low, high = (value, high) if is_farther else (low, value)
            n += 1
        return n

    def crossing(self, results: Mapping[str, Result]) -> Crossing:
        """Tell what results say, and which members are needed next."""
        low, high = (self._ballot(end, results) for end in self.ends)
        ballots, wanted = [low, high], [*low.wanted, *high.wanted]
        problem = "" if wanted else self._problem_of_ends(low, high)
        while not wanted and not problem and (value := self._middle(low.at, high.at)) is not None:
            try:
                ballot = self._ballot(value, results)
            except ConfigError as error:
                problem = str(error)
                break
            ballots.append(ballot)
            wanted = [*ballot.wanted]
            if not wanted and not (problem := self._problem(ballot)):
                low, high = (ballot, high) if ballot.is_above == low.is_above else (low, ballot)
        ballots.sort(key=lambda ballot: ballot.at)
        return Crossing(self.point, ballots, low, high, self._is_logarithmic, wanted, problem)

    @property
    def _is_logarithmic(self) -> bool:
        return self.search.spacing == "logarithmic"

    def _ballot(self, value: float, results: Mapping[str, Result]) -> Ballot:
        if value not in self._members:
            self._members[value] = self.members_at(value)
        members = self._members[value]
        ended = {member.key: results[member.key] for member in members if member.key in results}
        return Ballot(value, members, ended, self.measure, self.crosses)

    def _middle(self, low: float, high: float) -> float | None:
        """Return a value about halfway; None once both are near enough."""
        distance, middle = high - low, (low + high) / 2
        is_near = distance <= self.search.tolerance * (1 + ROUNDING)
        if self._is_logarithmic:
            middle, is_near = sqrt(low * high), high / low - 1 <= self.search.tolerance * (1 + ROUNDING)
        if is_near or not low < middle < high:
            return None
        if self.is_whole:
            return min(max(round(middle), int(low) + 1), int(high) - 1) if distance > 1 else None
        rounded = (float(f"{middle:.{digits}e}") for digits in range(17))
        return next((one for one in rounded if abs(one - middle) <= distance / FINENESS and low < one < high), None)

    def _problem(self, ballot: Ballot) -> str:
        if ballot.center is not None:
            return ""
        reason = next((f": {result.problem}" for result in ballot.ended.values() if result.problem), "")
        return f"{self.measure} cannot be measured at {self.search.along} {ballot.at}{reason}"

    def _problem_of_ends(self, low: Ballot, high: Ballot) -> str:
        if problem := self._problem(low) or self._problem(high):
            return problem
        if low.is_above != high.is_above:
            return ""
        if isinf(self.crosses):
            either, both = ("neither", "nor") if low.is_above else ("both", "and")
            return f"most seeds reach {self.measure} at {either} {self.search.along} {low.at} {both} {high.at}"
        centers = " and ".join("never" if center == inf else f"{center:.3g}" for center in (low.center, high.center))
        return (
            f"{self.measure} does not cross {self.crosses:g} between {self.search.along} {low.at} and {high.at}:"
            f" its median is {centers} there"
        )
