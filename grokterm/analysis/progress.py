"""Progress measures: how much a network's logits depend on the waves that solve its task (Nanda et al., 2023).

If a ∘ b = F(f1(a) + f2(b)), the solution's logits are waves over the sum t = f1(a) + f2(b). Nanda et al. project the logits of
all pairs on cos(2πkt/p) and sin(2πkt/p). The projection depends only on the mean logits over the pairs of each sum, and on
the number of pairs. If all sums have equally many pairs, the waves are orthogonal, and an FFT over sums does it. Otherwise, as
for a² + b², the logits are projected on the span of the centered waves: the least-squares fit of waves and a constant. Pairs
without a sum (0 in products and quotients) keep their logits.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int

from grokterm.analysis.observation import Observation, Side
from grokterm.tasks.sum_forms import NO_TERM, SumForm

Scores = Float[np.ndarray, "equations classes"]
Losses = Float64[np.ndarray, " equations"]
BySum = Float64[np.ndarray, "order classes"]
"""Values that depend on the equation only through its sum."""


@dataclass(frozen=True)
class Progress:
    """Mean cross-entropies in nats, whatever the training loss; not finite if the logits are not, NaN without equations."""

    restricted_loss: float
    """Over all equations, with these waves and a constant only: falls as the circuit forms."""

    excluded_loss: float
    """Over training equations, without these waves: rises as the network relies on the circuit."""


@np.errstate(invalid="ignore", over="ignore")  # logits of a diverged network
def progress(observation: Observation, form: SumForm, frequencies: Collection[int]) -> Progress:
    """Return the losses with only the waves of these frequencies, and without them; needs all logits.

    Frequencies are 1, 2, ... order // 2; the last of an even order has no sine.
    """
    scores, answers = observation.scores, observation.answers
    if scores is None:
        raise ValueError("the observation lacks the scores of all classes")
    left, right = form.left[observation.operands[:, 0]], form.right[observation.operands[:, 1]]
    has_sum, on_train = (left != NO_TERM) & (right != NO_TERM), observation.sides == Side.TRAIN
    sums = np.where(has_sum, (left + right) % form.order, NO_TERM)
    by_sum, mean = _mean_by_sum(scores, sums, form.order)
    circuit = _projection(frequencies, by_sum, np.bincount(sums[has_sum], minlength=form.order))

    restricted = np.empty(len(answers))
    restricted[has_sum] = _cross_entropy_by_sum(circuit + mean, sums[has_sum], observation.truth[has_sum])
    restricted[~has_sum] = _cross_entropy(scores[~has_sum], observation.truth[~has_sum])

    removed = np.vstack([circuit, np.zeros_like(circuit[:1])])  # NO_TERM (-1) indexes the last row: nothing is removed
    without = removed[sums[on_train]]
    np.subtract(scores[on_train], without, out=without)
    excluded = _cross_entropy(without, answers[on_train])
    return Progress(_mean(restricted), _mean(excluded))


def _mean_by_sum(
    scores: Scores, sums: Int[np.ndarray, " equations"], order: int
) -> tuple[BySum, Float64[np.ndarray, " classes"]]:
    """Return the mean scores over the pairs of each sum, less the mean over all pairs, and that mean.

    A sum without pairs gets 0.
    """
    rows = np.argsort(sums, kind="stable")[np.count_nonzero(sums == NO_TERM) :]
    present, first, n_pairs = np.unique(sums[rows], return_index=True, return_counts=True)
    totals = np.add.reduceat(scores[rows], first, axis=0, dtype=np.float64)
    means = np.zeros((order, scores.shape[1]))
    mean = totals.sum(axis=0) / len(rows)
    means[present] = totals / n_pairs[:, None] - mean
    return means, mean


def _projection(frequencies: Collection[int], values: BySum, n_pairs: Int[np.ndarray, " order"]) -> BySum:
    """Project values on the waves of these frequencies; their mean over all pairs must be 0, and stays 0."""
    order, chosen = len(n_pairs), list(frequencies)
    if (n_pairs == n_pairs[0]).all():
        amplitudes = np.fft.rfft(values, axis=0)
        kept = np.zeros_like(amplitudes)
        kept[chosen] = amplitudes[chosen]
        return np.fft.irfft(kept, order, axis=0)
    weight = np.sqrt(n_pairs)[:, None]
    angles = 2 * np.pi / order * np.outer(np.arange(order), chosen)
    waves = np.hstack([np.cos(angles), np.sin(angles)])
    basis = _orthonormal(weight * (waves - n_pairs @ waves / n_pairs.sum()))
    kept = basis @ (basis.T @ (weight * values))
    return np.divide(kept, weight, out=np.zeros_like(kept), where=weight > 0)


def _orthonormal(columns: Float64[np.ndarray, "order waves"]) -> Float64[np.ndarray, "order rank"]:
    """Return an orthonormal basis of the columns, which are dependent if few sums have pairs."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > 1e-9 * np.sqrt((columns**2).sum())]


def _cross_entropy(scores: Scores, answers: Int[np.ndarray, " equations"]) -> Losses:
    """Return the negative log-probability of each answer, in float64: in float32 it saturates."""
    return _cross_entropy_by_sum(scores.astype(np.float64, copy=False), np.arange(len(scores)), answers)


def _cross_entropy_by_sum(
    scores: Float64[np.ndarray, "rows classes"], rows: Int[np.ndarray, " equations"], answers: Int[np.ndarray, " equations"]
) -> Losses:
    """Return the loss of each answer, with the scores of equation i in row rows[i]."""
    relative = scores - scores.max(axis=1, keepdims=True)
    right = relative[rows, answers]
    return np.log(np.exp(relative, out=relative).sum(axis=1))[rows] - right


def _mean(losses: Losses) -> float:
    return float(losses.mean()) if len(losses) else np.nan
