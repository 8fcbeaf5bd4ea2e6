"""Detection of the milestones of a run: memorized, grokked, ungrokked, diverged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import get_args

import numpy as np
from jaxtyping import Float

from grokterm.experiment.conditions import Milestone
from grokterm.experiment.metrics import EVALUATION_METRICS

LEARNED = 0.99  # accuracy from which a side counts as learned

FORGOTTEN = 0.5  # validation accuracy below which a network that had reached it has ungrokked


@dataclass
class MilestoneDetector:
    """Detects the milestones of a network from its evaluations, in order.

    Each swap begins a segment. A network ungrokks only after a swap, and only if it generalized in that segment: its validation
    accuracy was not below FORGOTTEN at the last evaluation before the swap, or at one after it. So one that had generalized
    when it was swapped ungrokks at the first evaluation below; one that had ungrokked by then, only after it recovered.
    """

    reached: set[Milestone] = field(default_factory=set)
    """Milestones of the current segment."""

    _swapped: bool = False
    _generalizes: bool = False
    """At the last evaluation."""

    _generalized: bool = False
    """In this segment, or when it began."""

    def begin_segment(self) -> None:
        """Clear the milestones at a swap."""
        self.reached = set()
        self._swapped = True
        self._generalized = self._generalizes

    def update(
        self, *, train_loss: float, train_accuracy: float, val_loss: float | None = None, val_accuracy: float | None = None
    ) -> list[Milestone]:
        """Return the milestones first reached with this evaluation, in the order of a run; without validation no grokking."""
        self._generalizes = val_accuracy is not None and val_accuracy >= FORGOTTEN
        self._generalized |= self._generalizes
        holds: dict[Milestone, bool] = {
            "memorized": train_accuracy >= LEARNED,
            "grokked": val_accuracy is not None and val_accuracy >= LEARNED,
            "ungrokked": self._swapped and self._generalized and val_accuracy is not None and val_accuracy < FORGOTTEN,
            "diverged": not isfinite(train_loss) or (val_loss is not None and not isfinite(val_loss)),
        }
        new = [milestone for milestone, is_true in holds.items() if is_true and milestone not in self.reached]
        self.reached.update(new)
        return new


def telling_rows(columns: Mapping[str, Float[np.ndarray, " evaluations"]]) -> set[int]:
    """Return the rows of evaluations of a network, by metric, after which alone a detector is as after all of them.

    Those that are the first to show something, or to fall below FORGOTTEN after one that did not, and the last.
    """
    train, val = columns["train_accuracy"], columns.get("val_accuracy", np.empty(0))
    generalizes, forgot = (val >= np.float64(FORGOTTEN)), (val < np.float64(FORGOTTEN))
    is_finite = [np.isfinite(columns[name]) for name in ("train_loss", "val_loss") if name in columns]
    shown = [train >= np.float64(LEARNED), val >= np.float64(LEARNED), generalizes, forgot, *(~one for one in is_finite)]
    if generalizes.any():
        shown.append(forgot & (np.arange(len(val)) > generalizes.argmax()))
    return {int(one.argmax()) for one in shown if one.any()} | {len(train) - 1}


class EnsembleMilestoneDetector:
    """Detects the milestones of an ensemble, reached once every member has; a single network is one member."""

    def __init__(self, n_members: int = 1) -> None:
        self.members = tuple(MilestoneDetector() for _ in range(n_members))
        self.reached: set[Milestone] = set()
        """Milestones of the current segment."""

    def begin_segment(self) -> None:
        """Clear the milestones at a swap."""
        self.reached = set()
        for member in self.members:
            member.begin_segment()

    def update(self, rows: Sequence[Mapping[str, float]]) -> list[Milestone]:
        """Return the milestones that all members have first reached with these evaluations, in the order of a run."""
        for member, row in zip(self.members, rows, strict=True):
            member.update(**{name: row[name] for name in EVALUATION_METRICS if name in row})
        reached_by_all = set[Milestone].intersection(*(member.reached for member in self.members))
        new = [milestone for milestone in get_args(Milestone) if milestone in reached_by_all - self.reached]
        self.reached.update(new)
        return new
