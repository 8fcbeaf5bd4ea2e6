"""Efficiency: large logits from small weights, which is what weight decay prefers one circuit to another for.

Followed here is the efficiency report, text and public code (YK-YoungK/MIML_proj_Grokking); the idea is that of Varma et al.
(2023). It sets the norm of all parameters against the right logits, once when a network has memorized and once near the end.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from grokterm.analysis.observation import Observation, Side

N_QUANTILES = 20
NEAR = 0.1
"""So far from a step, as a share of it, a norm may still stand for it."""

LATE = 98
"""C_gen is taken at this percentage of the steps."""


class NormAt(NamedTuple):
    """The norm of all parameters after so many steps."""

    step: int
    norm: float


@dataclass(frozen=True)
class EfficiencyLabels:
    """The two networks of one run that the report compares; None where the run has not come so far."""

    memorizing: NormAt | None
    """C_mem: when training accuracy first reached 0.99."""

    generalizing: NormAt | None
    """C_gen: at 98 % of the steps, whether the network has generalized or not."""


def logit_quantiles(observation: Observation) -> Float[np.ndarray, " quantiles"]:
    """Return 20 quantiles of the right logit over the training rows that are answered right; nothing if none is.

    They are the levels 0, 5, ... 95 %: as in the report's code the smallest logit is among them and the largest is not,
    and each is the logit of some row, not a value between two.
    """
    logits = np.sort(observation.right_scores[(observation.sides == Side.TRAIN) & observation.is_right])
    return logits[np.arange(N_QUANTILES) * len(logits) // N_QUANTILES] if len(logits) else logits


def parameter_norm(weights: Mapping[str, Float[np.ndarray, "..."]]) -> float:
    """Return the Euclidean norm of all parameters together."""
    return sqrt(sum(float(np.square(values, dtype=np.float64).sum()) for values in weights.values()))


def late_step(steps: int) -> int:
    """Return the step at which C_gen of a run of so many steps is taken."""
    return -(-LATE * steps // 100)


def efficiency_labels(norms: Sequence[NormAt], *, memorized_at: int | None, steps: int) -> EfficiencyLabels:
    """Pick C_mem and C_gen of a run of so many steps from its norms, in ascending order of steps.

    Where a norm was not taken at the step itself, the nearest stands for it, if it is NEAR.
    """
    late = late_step(steps)
    return EfficiencyLabels(
        memorizing=None if memorized_at is None else _nearest(norms, memorized_at),
        generalizing=_nearest(norms, late) if norms and norms[-1].step >= late else None,
    )


def _nearest(norms: Sequence[NormAt], step: int) -> NormAt | None:
    near = [norm for norm in norms if abs(norm.step - step) <= NEAR * step]
    return min(near, key=lambda norm: abs(norm.step - step), default=None)
