"""Circuit efficiency: large logits from a small parameter norm, which weight decay favors (Varma et al., 2023).

Follows the efficiency report and its public code (YK-YoungK/MIML_proj_Grokking), which compare parameter norm and right
logits at memorization and near the end of a run.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Real

from grokterm.analysis.observation import Observation, Side

N_QUANTILES = 20
NEAR = 0.1  # how far from a step, as a share of it, a norm may be taken instead


class NormAt(NamedTuple):
    """The norm of all parameters after a step."""

    step: int
    norm: float


@dataclass(frozen=True)
class EfficiencyLabels:
    """The two networks of a run that the report compares; None before the run gets there."""

    memorizing: NormAt | None
    """C_mem: when training accuracy first reached 0.99."""

    generalizing: NormAt | None
    """C_gen: at 98 % of the steps, generalized or not."""


def logit_quantiles(observation: Observation) -> Float[np.ndarray, " quantiles"]:
    """Return 20 quantiles of the right logit over training rows answered right; empty without such rows.

    Levels 0, 5, ... 95 %, without interpolation, as in the report's code.
    """
    logits = np.sort(observation.right_scores[(observation.sides == Side.TRAIN) & observation.is_right])
    return logits[np.arange(N_QUANTILES) * len(logits) // N_QUANTILES] if len(logits) else logits


def parameter_norm(weights: Mapping[str, Float[np.ndarray, "..."]]) -> float:
    """Return the Euclidean norm of all parameters together."""
    return sqrt(sum(float(np.square(values, dtype=np.float64).sum()) for values in weights.values()))


def late_step(steps: int) -> int:
    """Return the step at which C_gen is taken: at 98 % of a run of `steps` steps."""
    return -(-98 * steps // 100)


def efficiency_labels(
    measured: Real[np.ndarray, " n"], norms: Float[np.ndarray, " n"], *, memorized_at: int | None, steps: int
) -> EfficiencyLabels:
    """Pick C_mem and C_gen from the norms of a run, which were measured at these steps, ascending.

    Takes the nearest norm, if it is within NEAR of the step.
    """
    late = late_step(steps)
    return EfficiencyLabels(
        memorizing=None if memorized_at is None else _nearest(measured, norms, memorized_at),
        generalizing=_nearest(measured, norms, late) if len(measured) and measured[-1] >= late else None,
    )


def _nearest(measured: Real[np.ndarray, " n"], norms: Float[np.ndarray, " n"], step: int) -> NormAt | None:
    after = int(np.searchsorted(measured, step))
    rows = [int(np.searchsorted(measured, measured[after - 1]))] if after else []
    found = [NormAt(int(measured[row]), float(norms[row])) for row in (*rows, after) if row < len(measured)]
    near = [norm for norm in found if abs(norm.step - step) <= NEAR * step]
    return min(near, key=lambda norm: abs(norm.step - step), default=None)
