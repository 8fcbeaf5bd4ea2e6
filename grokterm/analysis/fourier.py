"""Weights in the Fourier basis of the residues, where a network that has grokked is sparse."""

from collections.abc import Sequence
from functools import lru_cache
from math import nan

import numpy as np
from jaxtyping import Complex, Float, Int

Block = Float[np.ndarray, "residues neurons"]
"""A weight matrix, its rows in the order in which the operation is a sum."""

KEY_SHARE = 3.0  # A key frequency holds more than this multiple of an even share of the power


_MATMUL_LIMIT = 512  # rows up to which a matrix product beats the FFT: most moduli are prime


def waves(block: Block) -> Complex[np.ndarray, "frequencies neurons"]:
    """Return the complex amplitude of each neuron at the frequencies 1, 2, ... residues // 2."""
    return _rfft(block)[1:]


def power(block: Block) -> Float[np.ndarray, "frequencies neurons"]:
    """Return each neuron's power at the frequencies 1, 2, ... residues // 2."""
    return _power(waves(block))


def spectrum(block: Block) -> Float[np.ndarray, " frequencies"]:
    """Return the share of a matrix's power at each frequency, without the mean.

    A network that memorizes spreads its power; one that has grokked keeps a few frequencies (Nanda et al., 2023).
    """
    return power_shares(frequency_norms(block))


def key_frequencies(shares: Float[np.ndarray, " frequencies"]) -> list[int]:
    """List the frequencies that hold far more than an even share of the power."""
    return [int(k) + 1 for k in np.flatnonzero(shares * len(shares) > KEY_SHARE)]


def frequency_norms(block: Block) -> Float[np.ndarray, " frequencies"]:
    """Return a matrix's norm at each frequency, over unit-length sine and cosine, without the mean."""
    total = power(block).sum(axis=1) * 2 / len(block)
    if len(block) % 2 == 0:
        total[-1] /= 2  # frequency residues / 2 has no sine
    return np.sqrt(total)


def power_shares(norms: Float[np.ndarray, " frequencies"]) -> Float[np.ndarray, " frequencies"]:
    """Return the share of the power at each frequency, from the norms; all 0 without power."""
    squares = norms**2
    return squares / squares.sum() if squares.any() else squares


def gini(values: Float[np.ndarray, " values"]) -> float:
    """Return the Gini coefficient of non-negative numbers: 0 if all are equal, near 1 if few hold everything; NaN if all are 0.

    Over the norms of frequencies it measures sparsity in the Fourier basis (Nanda et al., 2023).
    """
    ranks = 2 * np.arange(len(values)) - len(values) + 1
    return float(ranks @ np.sort(values) / (len(values) * values.sum())) if values.any() else nan


def inverse_participation(block: Block) -> Float[np.ndarray, " neurons"]:
    """Return Σ v⁴ for each neuron, v its unit-length vector of amplitudes at the frequencies 0, 1, ... residues // 2.

    1 for a single wave, about 2 / (residues // 2 + 2) for noise, NaN for zero weights (Gromov, 2023; Doshi, 2023).
    """
    shares = _power(_rfft(block))
    total = shares.sum(axis=0)
    return (np.divide(shares, total, where=total > 0, out=np.full_like(shares, nan)) ** 2).sum(axis=0)


def mean_ipr(blocks: Sequence[Float[np.ndarray, "residues _"]]) -> float:
    """Return the mean inverse participation ratio over neurons, then over blocks; NaN if all weights are 0."""
    return _nanmean(np.array([_nanmean(inverse_participation(block)) for block in blocks]))


def phases(block: Block, frequencies: Int[np.ndarray, " neurons"]) -> Float[np.ndarray, " neurons"]:
    """Return the φ in cos(2πkn/residues + φ), given a frequency k ≥ 1 for each neuron."""
    return np.angle(waves(block)[frequencies - 1, np.arange(block.shape[1])])


def _nanmean(values: Float[np.ndarray, " values"]) -> float:
    """Return the mean without NaN; unlike np.nanmean, no warning if all are NaN."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else nan


def _rfft(block: Block) -> Complex[np.ndarray, "frequencies neurons"]:
    if len(block) > _MATMUL_LIMIT:
        return np.fft.rfft(block, axis=0)
    cosines, sines = _basis(len(block))
    with np.errstate(invalid="ignore", over="ignore"):  # weights of a diverged network
        return (cosines @ block) - 1j * (sines @ block)


def _power(amplitudes: Complex[np.ndarray, "frequencies neurons"]) -> Float[np.ndarray, "frequencies neurons"]:
    return amplitudes.real**2 + amplitudes.imag**2  # faster than abs, which takes a root


@lru_cache(maxsize=8)
def _basis(length: int) -> tuple[Float[np.ndarray, "frequencies length"], Float[np.ndarray, "frequencies length"]]:
    """Return cos and sin of 2πkn/length, k = 0, 1, ... length // 2."""
    turns = np.outer(np.arange(length // 2 + 1), np.arange(length)) % length / length  # exact for a whole number of turns
    return np.cos(2 * np.pi * turns), np.sin(2 * np.pi * turns)
