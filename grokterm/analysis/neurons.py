"""The frequency of each hidden neuron, from its values over all pairs (a, b) (Nanda et al., 2023)."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Float64, Int

from grokterm.tasks.sum_forms import NO_TERM, SumForm

# Share of its variance from which a neuron counts for a frequency; at most one frequency can reach it.
#
# Not higher, because a perfect neuron need not reach 1: (cos ka + cos kb)² has a fifth of its variance at 2k.
LEAST_SHARE = 0.5


@dataclass(frozen=True)
class NeuronFrequencies:
    """The frequency that explains most of each neuron."""

    best: Int[np.ndarray, " neurons"]
    """1, 2, ...; 0 for neurons that are constant or not finite."""

    shares: Float64[np.ndarray, " neurons"]
    """The share of the variance that this frequency explains; 0 without one."""

    n_neurons: Int[np.ndarray, " frequencies"]
    """How many neurons have at least LEAST_SHARE of their variance at the frequency 1, 2, ..."""


def unsupported_reason(form: SumForm) -> str | None:
    """Say why neurons of this operation have no frequencies over (a, b); None if they do."""
    if not form.has_distinct_terms:
        return "several operands share a term, so that waves over terms do not make up every function of the operands"
    return "a single term has no frequencies" if form.order < 2 else None


@np.errstate(invalid="ignore", over="ignore")  # values of a diverged network
def neuron_frequencies(
    values: Float[np.ndarray, "equations neurons"], operands: Int[np.ndarray, "equations 2"], form: SumForm
) -> NeuronFrequencies | None:
    """Return the frequency of each neuron and the share of variance it explains; None if `unsupported_reason`.

    A frequency explains the span of cos ka, sin ka, cos kb, sin kb and their four products, with a and b replaced by their
    terms. `values` has one row for every pair with an answer.
    """
    if unsupported_reason(form) is not None:
        return None
    left, right = form.left[operands[:, 0]], form.right[operands[:, 1]]
    has_terms: Bool[np.ndarray, " equations"] = (left != NO_TERM) & (right != NO_TERM)
    table = np.empty((form.order, form.order, values.shape[1]), dtype=values.dtype)
    table[left[has_terms], right[has_terms]] = values[has_terms]
    varies = (table != table[0, 0]).any(axis=(0, 1))
    table -= table.mean(axis=(0, 1))
    explained, total = _power(table), np.einsum("abn,abn->n", table, table)
    is_valid = varies & np.isfinite(total)
    shares = np.divide(explained, total, out=np.zeros_like(explained), where=is_valid).astype(np.float64)
    best, most = shares.argmax(axis=0) + 1, shares.max(axis=0)
    n_neurons = np.bincount(best[most >= LEAST_SHARE] - 1, minlength=len(shares))
    return NeuronFrequencies(np.where(is_valid, best, 0), most, n_neurons)


def _power(table: Float[np.ndarray, "order order neurons"]) -> Float[np.ndarray, "frequencies neurons"]:
    """Sum the squared amplitudes of the eight terms of each frequency.

    Matrix products with these terms only take a tenth of the time of a two-dimensional FFT.
    """
    order, _, n_neurons = table.shape
    constant, waves = _orthonormal_waves(order, table.dtype)
    n_frequencies = len(waves)
    basis = np.concatenate([constant[None], waves.reshape(-1, order)])
    over_left = (basis @ table.reshape(order, -1)).reshape(-1, order, n_neurons)
    of_right = waves.reshape(-1, order) @ over_left[0]
    probes = np.concatenate([np.broadcast_to(constant, (n_frequencies, 1, order)), waves], axis=1)
    of_left = probes[:, None] @ over_left[1:].reshape(n_frequencies, 2, order, n_neurons)
    return (of_right.reshape(n_frequencies, 2, -1) ** 2).sum(axis=1) + (of_left**2).sum(axis=(1, 2))


def _orthonormal_waves(
    order: int, dtype: np.dtype[np.floating]
) -> tuple[Float[np.ndarray, " order"], Float[np.ndarray, "frequencies 2 order"]]:
    """Return the constant, and the cosine and sine of each frequency, all of unit length."""
    angles = 2 * np.pi * np.outer(np.arange(1, order // 2 + 1), np.arange(order)) / order
    waves = np.sqrt(2 / order) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if order % 2 == 0:
        waves[-1] = waves[-1, 0] / np.sqrt(2), np.zeros(order)  # frequency order / 2 has no sine
    return np.full(order, order**-0.5, dtype), waves.astype(dtype)
