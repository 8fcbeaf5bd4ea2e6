"""The seeds at one value of a searched axis: is the median of the measure below the value that it crosses, or not?

No more seeds are asked than can change the answer: once more than half are on one side, the others are not needed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import median

from grokterm.sweeps.measuring.statistics import measured
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.result import Result


@dataclass(frozen=True)
class Ballot:
    """What is known at one value of the axis."""

    at: float
    members: Sequence[Member]
    """One for each seed that may be asked."""

    ended: Mapping[str, Result]
    """Of those that have been, by key."""

    measure: str
    crosses: float

    @cached_property
    def values(self) -> dict[int, float]:
        """What was measured, by seed; without those of which it could not be."""
        ended = {one.seed: measured(self.ended[one.key], self.measure) for one in self.members if one.key in self.ended}
        return {seed: value for seed, value in ended.items() if value is not None}

    @property
    def votes(self) -> dict[int, bool]:
        """For each seed, whether it reaches the value that is crossed."""
        return {seed: value >= self.crosses for seed, value in self.values.items()}

    @property
    def wanted(self) -> Sequence[Member]:
        """As many members as are needed whatever comes of them, before the answer can be known; none once it is."""
        n_valid = len(self.members) - (len(self.ended) - len(self.values))
        n_above = sum(self.votes.values())
        n_agree = max(n_above, len(self.votes) - n_above)
        missing = [member for member in self.members if member.key not in self.ended]
        return missing[: max(0, n_valid // 2 + 1 - n_agree)]

    @property
    def center(self) -> float | None:
        """The median of what was measured; None if nothing was."""
        return median(self.values.values()) if self.values else None

    @property
    def is_above(self) -> bool:
        """The answer: whether the median reaches the value that is crossed."""
        return self.center is not None and self.center >= self.crosses
