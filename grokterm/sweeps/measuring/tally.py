"""What the points of a growing sweep came to: estimated again only where something is new."""

from collections.abc import Mapping, Sequence

from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.measuring.statistics import Estimate, over_seeds
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.result import Result

MORE = 1.05  # times as many seeds as before change an estimate


class Tally:
    """The outcomes of all points, in the order in which they first come."""

    def __init__(self, measure: str) -> None:
        self._measure = measure
        self._members: dict[str, list[Member]] = {}  # by point
        self._points_of: dict[str, list[str]] = {}  # by the key of a member: two points may have the same run
        self._outcomes: dict[str, PointOutcome] = {}
        self._n_members = 0
        self._known: dict[str, Result] = {}

    def update(self, members: Sequence[Member], results: Mapping[str, Result]) -> list[PointOutcome]:
        """Take in members, of which there are only more than the last time, and results, some of which may be gone."""
        changed: dict[str, None] = {}
        for member in members[self._n_members :]:
            point = repr(member.point.columns)
            self._members.setdefault(point, []).append(member)
            self._points_of.setdefault(member.key, []).append(point)
            changed[point] = None
        self._n_members = len(members)
        news = [key for key, result in results.items() if self._known.get(key) is not result]
        news += self._known.keys() - results.keys()
        for key in news:
            changed |= dict.fromkeys(self._points_of.get(key, ()))
        self._known = dict(results)
        for point in changed:
            group = self._members[point]
            ended = [results[member.key] for member in group if member.key in results]
            estimate = self._estimate(self._outcomes.get(point), ended, is_whole=len(ended) == len(group))
            self._outcomes[point] = PointOutcome(group[0].point, group, ended, estimate)
        return list(self._outcomes.values())

    def _estimate(self, before: PointOutcome | None, ended: Sequence[Result], *, is_whole: bool) -> Estimate | None:
        """Estimate a point, of many seeds not after each."""
        if before is not None and before.estimate is not None and not is_whole:
            n_before = before.estimate.n
            if n_before <= len(ended) < MORE * n_before and len(before.results) <= len(ended):
                return before.estimate
        return over_seeds(ended, self._measure)
