"""What the points of a sweep came to, over their seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.measuring.statistics import Estimate, over_seeds
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.storage.result import Result


@dataclass(frozen=True)
class PointOutcome:
    """A point, with the measure over its seeds."""

    point: Point
    members: Sequence[Member]
    results: Sequence[Result]
    """Of those that have ended."""

    estimate: Estimate | None
    """None if nothing was measured yet."""

    @property
    def has_diverged(self) -> bool:
        """Whether most of the members that have ended have diverged."""
        return 2 * sum(result.outcome == "diverged" for result in self.results) > len(self.results)

    @property
    def n_failed(self) -> int:
        """Members that came to nothing."""
        return sum(result.outcome == "failed" for result in self.results)


def along_axis(members: Sequence[Member], sweep: Sweep) -> list[Member]:
    """Order members along the axis that is searched, which come as they are tried; others stay as they are."""
    if sweep.search is None:
        return list(members)
    along, places = sweep.search.along, dict[str, int]()

    def place(member: Member) -> tuple[int, float]:
        columns = member.point.columns
        value = columns.pop(along)
        return places.setdefault(repr(columns), len(places)), float(value)  # type: ignore[arg-type]  # a number

    return sorted(members, key=place)


def by_point(members: Sequence[Member]) -> list[list[Member]]:
    """Group members by their points, these in the order in which they first come."""
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(repr(member.point.columns), []).append(member)
    return list(found.values())


def outcomes(members: Sequence[Member], results: Mapping[str, Result], measure: str) -> list[PointOutcome]:
    """Estimate a measure at every point, in the order in which the points first come."""
    found = []
    for group in by_point(members):
        ended = [results[member.key] for member in group if member.key in results]
        found.append(PointOutcome(group[0].point, group, ended, over_seeds(ended, measure)))
    return found
