"""Where a measure crosses a value along an axis, and how well the seeds that were asked tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from grokterm.sweeps.measuring.statistics import CONFIDENCE, N_RESAMPLES, Estimate, between
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.search.ballot import Ballot


@dataclass(frozen=True)
class Crossing:
    """What a search has found so far, at one point of the other axes."""

    point: Point
    ballots: Sequence[Ballot]
    """At the values that were tried, in their order."""

    low: Ballot
    high: Ballot
    """The two nearest to the crossing, on both sides of it."""

    is_logarithmic: bool = False
    wanted: Sequence[Member] = ()
    """The members that are needed now; none once the search is over."""

    problem: str = ""
    """Why there is no crossing to be found, in one line."""

    @property
    def is_over(self) -> bool:
        """Whether no more members are needed."""
        return not self.wanted

    @property
    def members(self) -> list[Member]:
        """All members that were needed, and those that are needed now."""
        return [*(one for ballot in self.ballots for one in ballot.members if one.key in ballot.ended), *self.wanted]

    @property
    def n_steps(self) -> int:
        """Of all members together, so far."""
        return sum(result.steps for ballot in self.ballots for result in ballot.ended.values())

    @cached_property
    def estimate(self) -> Estimate | None:
        """Return the crossing with its interval; None if there is none, or its two sides are not known yet.

        The center lies where the share of seeds on one side becomes a half, between the two values that are nearest to it. The
        interval: seeds are drawn anew, and all their votes with them; of each sample, the two values between which lies the cut
        that the fewest votes contradict. So it is never shorter than the bracket.
        """
        if self.problem or self.low.is_above == self.high.is_above:
            return None
        seeds = sorted({seed for ballot in self.ballots for seed in ballot.votes})
        sign = 0.5 if self.high.is_above else -0.5  # a vote for the crossing to lie below
        votes = np.array([[_vote(ballot, seed) * sign for ballot in self.ballots] for seed in seeds])
        drawn = np.random.default_rng(0).multinomial(len(seeds), np.full(len(seeds), 1 / len(seeds)), size=N_RESAMPLES)
        # Votes that contradict a cut before the first value, the second, ..., each by the same number too few or too many.
        contradictions = np.cumsum(np.insert(drawn @ votes, 0, 0, axis=1), axis=1)
        is_least = contradictions == contradictions.min(axis=1, keepdims=True)
        first, last = is_least.argmax(axis=1), len(self.ballots) - is_least[:, ::-1].argmax(axis=1)
        values = np.array([float(ballot.at) for ballot in self.ballots])
        low, _ = between(values[np.maximum(first - 1, 0)])
        _, high = between(values[np.minimum(last, len(values) - 1)])
        return Estimate(len(seeds), self._center, min(low, self.low.at), max(high, self.high.at))

    @property
    def is_of_few_seeds(self) -> bool:
        """Whether the interval is wide for want of seeds: each end leaves out 1 sample in 40, and more hold one seed alone."""
        found = self.estimate
        is_wide = found is not None and (found.low, found.high) != (self.low.at, self.high.at)
        return is_wide and found is not None and found.n ** (1 - found.n) > (1 - CONFIDENCE) / 2

    @property
    def _center(self) -> float:
        low, high = self.low.at, self.high.at
        shares = [sum(ballot.votes.values()) / len(ballot.votes) for ballot in (self.low, self.high)]
        part = (0.5 - shares[0]) / (shares[1] - shares[0]) if shares[0] != shares[1] else 0.5
        return low * (high / low) ** part if self.is_logarithmic else low + part * (high - low)


def _vote(ballot: Ballot, seed: int) -> int:
    """Return 1 above, -1 below, 0 of a seed that was not asked."""
    vote = ballot.votes.get(seed)
    return 0 if vote is None else 1 if vote else -1
