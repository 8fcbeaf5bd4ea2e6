"""When a network has memorized, grokked, ungrokked or diverged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import get_args

from grokterm.experiment.interventions import Milestone

LEARNED = 0.99
"""Accuracy from which a side counts as learned."""

FORGOTTEN = 0.5
"""Validation accuracy below which a network that was above it has ungrokked."""


@dataclass
class MilestoneWatch:
    """Sees every evaluation in turn and says which milestones the present segment reaches with it.

    Each swap begins a segment. A network ungrokks only after a swap, and only if it had generalized to begin with.
    """

    reached: set[Milestone] = field(default_factory=set)
    """Milestones of the present segment."""

    _swapped: bool = False
    _generalized: bool = False

    def begin_segment(self) -> None:
        """Forget the milestones of the segment before a swap."""
        self.reached = set()
        self._swapped = True

    def see(self, *, train_loss: float, val_loss: float, train_accuracy: float, val_accuracy: float) -> list[Milestone]:
        """Return the milestones first reached with this evaluation, in the order of a run."""
        self._generalized |= val_accuracy >= FORGOTTEN
        shown: dict[Milestone, bool] = {
            "memorized": train_accuracy >= LEARNED,
            "grokked": val_accuracy >= LEARNED,
            "ungrokked": self._swapped and self._generalized and val_accuracy < FORGOTTEN,
            "diverged": not (isfinite(train_loss) and isfinite(val_loss)),
        }
        new = [milestone for milestone, is_shown in shown.items() if is_shown and milestone not in self.reached]
        self.reached.update(new)
        return new


class EnsembleWatch:
    """Watches the members of an ensemble, which reaches a milestone once all of them have; a single network is one member."""

    def __init__(self, n_members: int = 1) -> None:
        self.members = tuple(MilestoneWatch() for _ in range(n_members))
        self.reached: set[Milestone] = set()
        """Milestones of the present segment."""

    def begin_segment(self) -> None:
        """Forget the milestones of the segment before a swap."""
        self.reached = set()
        for member in self.members:
            member.begin_segment()

    def see(self, rows: Sequence[Mapping[str, float]]) -> list[Milestone]:
        """Take in an evaluation of every member; return the milestones first reached by all with it, in the order of a run."""
        for member, row in zip(self.members, rows, strict=True):
            member.see(**row)
        shown = set[Milestone].intersection(*(member.reached for member in self.members))
        new = [milestone for milestone in get_args(Milestone) if milestone in shown - self.reached]
        self.reached.update(new)
        return new
