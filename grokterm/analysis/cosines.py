"""Least-squares fit of columns by one cosine: a Fourier transform for terms that are unordered or repeat."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int64

from grokterm.tasks.sum_forms import SumForm

Waves = Complex[np.ndarray, "rows frequencies"]
"""e^(2πi k t / order) of each row's term t, at the frequencies k = 0, 1, ... order // 2.

A cos(2πkt/order + φ) is the real part of A e^(iφ), its amplitude, times the wave.
"""

RANK_TOLERANCE = 1e-9  # eigenvalue per row of the Gram matrix of cosine and sine below which the two are linearly dependent

ROUNDING = 1e-24  # A column whose power about its mean is at most this share of its power is constant


@dataclass(frozen=True)
class CosineFit:
    """The best cosine for each column at each frequency."""

    shares: Float[np.ndarray, "frequencies neurons"]
    """R²: the share of the column's power about its mean that the cosine explains; 0 at frequency 0 and for constants."""

    amplitudes: Complex[np.ndarray, "frequencies neurons"]
    """A e^(iφ); of several that fit equally well, the smallest."""

    has_phase: Bool[np.ndarray, " frequencies"]
    """Whether cosine and sine are linearly independent, so that φ is unique."""

    has_wave: bool
    """Whether some wave varies: none does over a single term."""


def waves_of(form: SumForm) -> tuple[Waves, Waves, Waves]:
    """Return the waves of the first operand, the second and the readout, for the residues with a term.

    Those of the readout are, for each answer, the sum over all t with F(t) = answer (Gromov, 2023).
    """
    order, has_terms = form.order, form.has_terms
    waves = np.exp(2j * np.pi * np.arange(order) / order)[np.outer(np.arange(order), np.arange(order // 2 + 1)) % order]
    readout = np.zeros((len(has_terms), order // 2 + 1), dtype=np.complex128)
    np.add.at(readout, form.answer, waves)
    return waves[form.left[has_terms]], waves[form.right[has_terms]], readout[has_terms]


def carrying_frequencies(form: SumForm) -> Int64[np.ndarray, " carrying"]:
    """Return the frequencies at which the wave of the readout differs from answer to answer.

    If 4 divides p, (a + b)² has none at odd k: t and t + p/2 share an answer, and their waves cancel.
    """
    *_, readout = waves_of(form)
    varies = np.abs(readout - readout.mean(axis=0)).max(axis=0) > RANK_TOLERANCE
    return 1 + np.flatnonzero(varies[1:])


@np.errstate(invalid="ignore", over="ignore")  # weights of a diverged network are not finite
def fit_cosines(columns: Float[np.ndarray, "rows neurons"], waves: Waves) -> CosineFit:
    """Fit each column by a constant and one cosine, for every frequency but 0.

    The constant is needed because waves of n² have a nonzero mean.
    """
    centered = columns - columns.mean(axis=0, dtype=np.float64)
    power = (centered**2).sum(axis=0)
    centered_waves = (waves - waves.mean(axis=0)).T
    centered_waves[0] = 0  # counts the sums of an answer: not a wave
    basis = np.stack([centered_waves.real, centered_waves.imag], axis=1)
    inverse, rank = _pseudo_inverse(basis @ basis.swapaxes(1, 2), tolerance=RANK_TOLERANCE * len(columns))
    products = (basis.reshape(-1, len(columns)) @ centered).reshape(len(basis), 2, -1)
    weights = inverse @ products
    explained = (weights * products).sum(axis=1)
    varies = power > ROUNDING * np.square(columns, dtype=np.float64).sum(axis=0)
    shares = np.divide(explained, power, where=varies, out=np.zeros_like(explained))
    amplitudes = weights[:, 0] - 1j * weights[:, 1]
    return CosineFit(shares, amplitudes, has_phase=rank == 2, has_wave=bool(rank.any()))


def _pseudo_inverse(
    symmetric: Float[np.ndarray, "frequencies 2 2"], *, tolerance: float
) -> tuple[Float[np.ndarray, "frequencies 2 2"], Int64[np.ndarray, " frequencies"]]:
    """Return the pseudo-inverse over eigenvalues above the tolerance, and the rank."""
    values, vectors = np.linalg.eigh(symmetric)
    kept = values > tolerance
    inverses = np.divide(1.0, values, where=kept, out=np.zeros_like(values))
    return (vectors * inverses[:, None, :]) @ vectors.swapaxes(1, 2), kept.sum(axis=1)
