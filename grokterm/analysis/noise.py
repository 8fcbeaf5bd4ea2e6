"""What the weights of a network show by chance: in one of a hundred noisy networks more than these limits.

Noise are independent normal weights, fitted as those of a network are.
"""

from collections.abc import Sequence
from math import log, sqrt

import numpy as np
from jaxtyping import Bool

from grokterm.analysis.cosines import CosineFit, fit_cosines, waves_of
from grokterm.analysis.fourier import inverse_participation
from grokterm.tasks.sum_forms import SumForm

LEVEL = 0.99  # the share of noise that stays within a limit
QUANTILE = 2.3263  # of the normal distribution at that level

N_DRAWN = 4096  # columns of noise that are drawn, where no formula is known

TIE = 1e-6  # shares that differ by less are equal, in float32 too: n² mod 40 has the same wave at k = 5 and k = 15


def is_peak(fit: CosineFit) -> Bool[np.ndarray, "frequencies neurons"]:
    """Tell which frequencies explain most of each column: several at a tie, none of a constant."""
    return (fit.shares > 0) & (fit.shares >= (1 - TIE) * fit.shares.max(axis=0))


def matching_chance(form: SumForm, *, tied: bool = False) -> float:
    """Return the chance that a neuron of noise has one frequency in all three matrices: 1 / n² of n frequencies that are alike.

    Frequency order / 2 is rarer, having no sine, and in the waves of squares several frequencies tie. Operands that share
    their weights, `tied`, always match each other.
    """
    matrices = waves_of(form)[1:] if tied else waves_of(form)
    rng = np.random.default_rng(0)
    fits = [fit_cosines(rng.standard_normal((len(waves), N_DRAWN)), waves) for waves in matrices]
    shared, chances = np.ones((1, len(fits[0].shares)), dtype=bool), np.ones(1)
    for fit in fits:
        if fit.has_wave:
            peaks, n_drawn = np.unique(is_peak(fit), axis=1, return_counts=True)
            both = shared[:, None] & peaks.T
            match = both.any(axis=2)
            shared, chances = both[match], np.outer(chances, n_drawn / N_DRAWN)[match]
    return float(chances.sum())


def most_matched(n_neurons: int, chance: float) -> int:
    """Return how many neurons of noise are matched at most: the quantile of a binomial distribution."""
    if not 0 < chance < 1:
        return round(n_neurons * chance)
    counts = np.arange(n_neurons + 1)
    log_factorials = np.concatenate([[0.0], np.cumsum(np.log(counts[1:]))])
    log_ways = log_factorials[-1] - log_factorials - log_factorials[::-1]
    probabilities = np.exp(log_ways + counts * log(chance) + (n_neurons - counts) * np.log1p(-chance))
    return int(np.searchsorted(np.cumsum(probabilities), LEVEL))


def largest_resultant(n_phases: int) -> float:
    """Return the largest resultant of uniform phases, by Rayleigh's test; 1 below four, which tell nothing.

    Solves P = exp(√(1 + 4n + 4n²(1 − R²)) − 1 − 2n) for R (Greenwood & Durand, 1955); cautious below ten.
    """
    if n_phases < 4:
        return 1.0
    bits = -log(1 - LEVEL)
    return sqrt(bits * n_phases + bits / 2 - bits**2 / 4) / n_phases


def largest_ipr(n_rows: int, n_columns: Sequence[int]) -> float:
    """Return the largest mean IPR of several matrices: a normal quantile, corrected for skewness (Cornish & Fisher, 1937)."""
    values = inverse_participation(np.random.default_rng(0).standard_normal((n_rows, N_DRAWN)))
    mean, weights = values.mean(), [(n, 1 / len(n_columns)) for n in n_columns]
    variance = ((values - mean) ** 2).mean() * sum(weight**2 / n for n, weight in weights)
    third_moment = ((values - mean) ** 3).mean() * sum(weight**3 / n**2 for n, weight in weights)
    skewness = third_moment / variance**1.5 if variance else 0.0
    return float(mean + sqrt(variance) * (QUANTILE + (QUANTILE**2 - 1) * skewness / 6))
