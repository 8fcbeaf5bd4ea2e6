"""The plan of a sweep that searches instead of gridding: a bisection along `[sweep.search]` at each point of the grid."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.measuring.measures import measure_name
from grokterm.sweeps.members import Member, Point, experiment_at, members_at, points
from grokterm.sweeps.search.bisection import Bisection
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.result import Result


class SearchPlan:
    """Asks for the members that the searches of a sweep need, as their results come in."""

    def __init__(self, settings: Mapping[str, Any], sweep: Sweep) -> None:
        """Make the first members of each search.

        Raises:
            ConfigError: if the experiment refuses an end of the axis.
        """
        self._settings, self._sweep = settings, sweep
        self._bisections = [self._bisection(point) for point in points(sweep)]
        self._found = [bisection.crossing({}) for bisection in self._bisections]
        self._open = list(self._bisections)
        self._asked: set[str] = set()

    @property
    def n_members(self) -> tuple[int, int]:
        """How many members it needs if it finds every crossing: if all seeds agree, and if they are as divided as can be."""
        n_values = sum(bisection.n_values for bisection in self._bisections)
        return n_values * (self._sweep.seeds // 2 + 1), n_values * self._sweep.seeds

    def next_members(self, results: Mapping[str, Result]) -> list[Member]:
        """Return members that were not returned before: those that led to here, and those that are needed now."""
        crossings = [(bisection, bisection.crossing(results)) for bisection in self._open]
        self._open = [bisection for bisection, crossing in crossings if not crossing.is_over]
        new = [member for _, crossing in crossings for member in crossing.members if member.key not in self._asked]
        self._asked |= {member.key for member in new}
        return new

    def crossings(self, results: Mapping[str, Result]) -> list[Crossing]:
        """Tell what each search has found, in the order of the points of the grid."""
        found = [bisection.crossing(results) for bisection in self._bisections]
        self._found = [old if old == new else new for old, new in zip(self._found, found, strict=True)]  # with its estimate
        return list(self._found)

    def _bisection(self, point: Point) -> Bisection:
        search = self._sweep.search
        assert search is not None
        first = experiment_at(point.with_value(search.along, search.between[0]), self._settings, self._sweep)
        is_whole = isinstance(_setting(first.settings(), search.along), int)
        return Bisection(point, search, measure_name(self._sweep), partial(self._members_at, point, search.along), is_whole)

    def _members_at(self, point: Point, along: str, value: float) -> list[Member]:
        return members_at(point.with_value(along, value), self._settings, self._sweep)


def _setting(settings: Any, name: str) -> Any:  # noqa: ANN401 - any TOML value
    """Return the value of a setting by its name, also in an intervention: interventions[0].swap.train_fraction."""
    if name in settings:
        return settings[name]
    first, _, below = name.partition(".")
    if numbered := re.fullmatch(r"(\w+)\[(\d+)\]", first):
        return _setting(settings[numbered[1]][int(numbered[2])], below)
    return _setting(settings[first], below)
