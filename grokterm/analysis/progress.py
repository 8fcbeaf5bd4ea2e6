"""Progress measures: how much of what a network says rests on the waves that solve its task (Nanda et al., 2023).

Where a ∘ b = F(f1(a) + f2(b)), the solution scores classes by waves over the sum t = f1(a) + f2(b). Nanda et al. project the
scores of every pair (a, b) on cos(2πkt/p) and sin(2πkt/p). Such a projection sees of the scores only their mean over the
pairs of one sum, and how many those are. Where every sum has equally many pairs, the waves are orthogonal and a transform over
sums does it. Elsewhere, as for a² + b², they are not, neither among themselves nor to a constant: there the scores are
projected on the span of all the waves, each less its mean over the pairs, which is the least-squares fit of waves and a
constant. Pairs without a sum, which 0 makes of products and quotients, take no part and keep their scores.
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
"""Of each class, something that depends on the sum alone."""


@dataclass(frozen=True)
class Progress:
    """Mean cross-entropies in nats, whatever loss was trained on; not finite once the scores are not, nan of no equations."""

    restricted_loss: float
    """Every equation, as the operation answers it, by these waves and a constant alone: it falls as the circuit forms."""

    excluded_loss: float
    """Training equations, answered without those waves: it rises as the network comes to rest on the circuit."""


@np.errstate(invalid="ignore", over="ignore")  # a network that has diverged has losses that are not finite
def progress(observation: Observation, form: SumForm, frequencies: Collection[int]) -> Progress:
    """Measure the losses with the waves of these frequencies alone, and without them; it needs every score.

    Frequencies count 1, 2, ... order // 2; the last of an even order has no sine.
    """
    scores, answers, sums = _scores_of(observation), observation.answers, _sums(observation, form)
    has_sum, on_train = sums != NO_TERM, observation.sides == Side.TRAIN
    by_sum, mean = _mean_by_sum(scores, sums, form.order)
    circuit = _only(frequencies, by_sum, np.bincount(sums[has_sum], minlength=form.order))

    restricted = np.empty(len(answers))
    restricted[has_sum] = _cross_entropy_by_sum(circuit + mean, sums[has_sum], observation.truth[has_sum])
    restricted[~has_sum] = _cross_entropy(scores[~has_sum], observation.truth[~has_sum])

    removed = np.vstack([circuit, np.zeros_like(circuit[:1])])  # NO_TERM reads the last row: nothing is removed there
    without = removed[sums[on_train]]
    np.subtract(scores[on_train], without, out=without)
    excluded = _cross_entropy(without, answers[on_train])
    return Progress(_mean(restricted), _mean(excluded))


def _scores_of(observation: Observation) -> Scores:
    if observation.scores is None:
        raise ValueError("the observation was made without every score")
    return observation.scores


def _sums(observation: Observation, form: SumForm) -> Int[np.ndarray, " equations"]:
    """Return f1(a) + f2(b) modulo the order, or NO_TERM."""
    left, right = form.left[observation.operands[:, 0]], form.right[observation.operands[:, 1]]
    return np.where((left == NO_TERM) | (right == NO_TERM), NO_TERM, (left + right) % form.order)


def _mean_by_sum(
    scores: Scores, sums: Int[np.ndarray, " equations"], order: int
) -> tuple[BySum, Float64[np.ndarray, " classes"]]:
    """Average the scores over the pairs of each sum, less the mean over all, and return that too.

    A sum that no pair has gets 0.
    """
    rows = np.argsort(sums, kind="stable")[np.count_nonzero(sums == NO_TERM) :]
    present, first, n_pairs = np.unique(sums[rows], return_index=True, return_counts=True)
    totals = np.add.reduceat(scores[rows], first, axis=0, dtype=np.float64)
    means = np.zeros((order, scores.shape[1]))
    mean = totals.sum(axis=0) / len(rows)
    means[present] = totals / n_pairs[:, None] - mean
    return means, mean


def _only(frequencies: Collection[int], values: BySum, n_pairs: Int[np.ndarray, " order"]) -> BySum:
    """Keep the waves of these frequencies of values whose mean over all pairs is 0; so is that of what is kept."""
    if (n_pairs == n_pairs[0]).all():
        return _transformed(frequencies, values)
    weight = np.sqrt(n_pairs)[:, None]
    basis = _orthonormal(weight * _centered_waves(frequencies, n_pairs))
    kept = basis @ (basis.T @ (weight * values))
    return np.divide(kept, weight, out=np.zeros_like(kept), where=weight > 0)


def _transformed(frequencies: Collection[int], values: BySum) -> BySum:
    amplitudes = np.fft.rfft(values, axis=0)
    kept = np.zeros_like(amplitudes)
    chosen = list(frequencies)
    kept[chosen] = amplitudes[chosen]
    return np.fft.irfft(kept, len(values), axis=0)


def _centered_waves(frequencies: Collection[int], n_pairs: Int[np.ndarray, " order"]) -> Float64[np.ndarray, "order waves"]:
    order = len(n_pairs)
    angles = 2 * np.pi / order * np.outer(np.arange(order), list(frequencies))
    waves = np.hstack([np.cos(angles), np.sin(angles)])
    return waves - n_pairs @ waves / n_pairs.sum()


def _orthonormal(columns: Float64[np.ndarray, "order waves"]) -> Float64[np.ndarray, "order rank"]:
    """Return a basis of the span of columns; where few sums have pairs, waves depend on each other."""
    left, sizes, _ = np.linalg.svd(columns, full_matrices=False)
    return left[:, sizes > 1e-9 * np.sqrt((columns**2).sum())]


def _cross_entropy(scores: Scores, answers: Int[np.ndarray, " equations"]) -> Losses:
    """Return the negative log-probability of each answer, computed in float64: in float32 it saturates."""
    return _cross_entropy_by_sum(scores.astype(np.float64, copy=False), np.arange(len(scores)), answers)


def _cross_entropy_by_sum(
    scores: Float64[np.ndarray, "rows classes"], rows: Int[np.ndarray, " equations"], answers: Int[np.ndarray, " equations"]
) -> Losses:
    """Return the loss of each answer, where equation i is scored by row rows[i]."""
    relative = scores - scores.max(axis=1, keepdims=True)
    right = relative[rows, answers]
    return np.log(np.exp(relative, out=relative).sum(axis=1))[rows] - right


def _mean(losses: Losses) -> float:
    return float(losses.mean()) if len(losses) else np.nan
