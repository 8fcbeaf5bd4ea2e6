"""Columns fitted by one cosine of an operation's terms: a Fourier transform where terms are not in order, or repeat."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Complex, Float, Int64

from grokterm.tasks.sum_forms import SumForm

Waves = Complex[np.ndarray, "rows frequencies"]
"""e^(2πi k t / order) of each row's term t, at the frequencies k = 0, 1, ... order // 2.

A cos(2πkt/order + φ) is the real part of A e^(iφ), its amplitude, times the wave.
"""

RANK_TOLERANCE = 1e-9
"""A cosine and a sine as close as this, by the eigenvalues of their products a row, are one."""

ROUNDING = 1e-24
"""A column whose power without the mean is no more than this share of the whole is a constant."""


@dataclass(frozen=True)
class CosineFit:
    """The cosine that comes closest to each column, frequency by frequency."""

    shares: Float[np.ndarray, "frequencies neurons"]
    """R²: which share of the column's power about its mean the cosine explains. 0 at frequency 0, and for a constant."""

    amplitudes: Complex[np.ndarray, "frequencies neurons"]
    """A e^(iφ); where several fit alike, the smallest of them."""

    has_phase: Bool[np.ndarray, " frequencies"]
    """Where cosine and sine can be told apart, so that there is one φ."""


def reading_waves(terms: Int64[np.ndarray, " rows"], order: int) -> Waves:
    """Return the waves of an operand: of f(n), one row for each n."""
    roots = np.exp(2j * np.pi * np.arange(order) / order)
    return roots[np.outer(terms, np.arange(order // 2 + 1)) % order]


def answering_waves(answers: Int64[np.ndarray, " order"], modulus: int) -> Waves:
    """Return the waves of the readout: an answer that is F(t) for several sums t votes for all of them (Gromov, 2023)."""
    order = len(answers)
    waves = np.zeros((modulus, order // 2 + 1), dtype=np.complex128)
    np.add.at(waves, answers, reading_waves(np.arange(order), order))
    return waves


def waves_of(form: SumForm) -> tuple[Waves, Waves, Waves]:
    """Return the waves of the first operand, the second and the readout, for the residues that have a term."""
    shown = form.has_terms
    return (
        reading_waves(form.left[shown], form.order),
        reading_waves(form.right[shown], form.order),
        answering_waves(form.answer, len(shown))[shown],
    )


@np.errstate(invalid="ignore", over="ignore")  # a network that has diverged has no waves
def fit_cosines(columns: Float[np.ndarray, "rows neurons"], waves: Waves) -> CosineFit:
    """SingleNetwork each column by a constant and one cosine, for every frequency but 0; the constant is not kept.

    Waves of n² have a mean of their own: without the constant, they would take a part of a column's mean for a wave.
    """
    centered = columns - columns.mean(axis=0, dtype=np.float64)
    power = (centered**2).sum(axis=0)
    basis = _centered_basis(waves)
    inverse, rank = _pseudo_inverse(basis @ basis.swapaxes(1, 2), tolerance=RANK_TOLERANCE * len(columns))
    products = (basis.reshape(-1, len(columns)) @ centered).reshape(len(basis), 2, -1)
    weights = inverse @ products
    explained = (weights * products).sum(axis=1)
    varies = power > ROUNDING * np.square(columns, dtype=np.float64).sum(axis=0)
    shares = np.divide(explained, power, where=varies, out=np.zeros_like(explained))
    return CosineFit(shares, amplitudes=weights[:, 0] - 1j * weights[:, 1], has_phase=rank == 2)


def _centered_basis(waves: Waves) -> Float[np.ndarray, "frequencies 2 rows"]:
    centered = (waves - waves.mean(axis=0)).T
    centered[0] = 0  # the number of sums of an answer is no wave
    return np.stack([centered.real, centered.imag], axis=1)


def _pseudo_inverse(
    symmetric: Float[np.ndarray, "frequencies 2 2"], *, tolerance: float
) -> tuple[Float[np.ndarray, "frequencies 2 2"], Int64[np.ndarray, " frequencies"]]:
    """Return the inverse over the space of eigenvalues above the tolerance, and the dimension of that space."""
    values, vectors = np.linalg.eigh(symmetric)
    kept = values > tolerance
    inverses = np.divide(1.0, values, where=kept, out=np.zeros_like(values))
    return (vectors * inverses[:, None, :]) @ vectors.swapaxes(1, 2), kept.sum(axis=1)
