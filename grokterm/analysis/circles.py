"""Circles of a token embedding, and whether its sums are read off like a clock or a pizza (Zhong 2023, arXiv:2306.17844)."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.fourier import Block, power
from grokterm.tasks.sum_forms import NO_TERM, SumForm

N_CIRCULAR = 4  # components that circularity is the mean of, as in the public code


class Components(NamedTuple):
    """The principal components of a matrix over residues, the largest first."""

    coordinates: Float[np.ndarray, "residues components"]
    shares: Float[np.ndarray, " components"]
    """Of the variance."""


def principal_components(block: Block) -> Components:
    """Rotate the rows, without their mean, into the directions in which they vary most; without those in which they do not."""
    left, values, _ = np.linalg.svd(block - block.mean(axis=0), full_matrices=False)
    varying = values > 1e-9 * max(1e-300, np.abs(block).max()) * len(block)
    squares = values[varying] ** 2
    return Components((left * values)[:, varying], squares / squares.sum())


def circle_frequencies(components: Components) -> Int[np.ndarray, " components"]:
    """Return the frequency with the largest share of each component."""
    return 1 + _shares(components).argmax(axis=0)


class Circle(NamedTuple):
    """A frequency, and the two components that it is strongest in."""

    frequency: int
    components: tuple[int, int]
    """Counted from 0."""


def circles(components: Components) -> list[Circle]:
    """List the circles, the largest first: the first two components of each frequency that has two."""
    frequencies = circle_frequencies(components)
    of_each = {int(k): np.flatnonzero(frequencies == k) for k in frequencies}
    return [Circle(k, (int(found[0]), int(found[1]))) for k, found in of_each.items() if len(found) > 1]


def circularity(components: Components) -> float | None:
    """Return how much of the first four components is one wave each, on average: 1 for circles; None without components."""
    shares = _shares(components)[:, :N_CIRCULAR]
    return float(shares.max(axis=0).mean()) if shares.size else None


def _shares(components: Components) -> Float[np.ndarray, "frequencies components"]:
    """Return the share of each component's power at each frequency."""
    squares = power(components.coordinates)
    if len(components.coordinates) % 2 == 0:
        squares[-1] /= 2  # frequency residues / 2 has no sine
    return squares / squares.sum(axis=0)


def distance_irrelevance(
    right_scores: Float[np.ndarray, " equations"], operands: Int[np.ndarray, "equations 2"], form: SumForm
) -> float | None:
    """Return how little the right answer's score depends on the distance a − b: its deviation at one distance over that of all.

    The mean over distances, of the terms if operands have others; 1 if they do not matter, as on a clock, and 0 if the score
    depends on nothing else. `right_scores` has one row for every pair. None if operands share terms, and
    if all scores are equal or one is not finite.
    """
    if not form.has_distinct_terms:
        return None
    left, right = form.left[operands[:, 0]], form.right[operands[:, 1]]
    has_terms = (left != NO_TERM) & (right != NO_TERM)
    table = np.full((form.order, form.order), np.nan)  # by distance, then by the first term
    table[(left - right)[has_terms] % form.order, left[has_terms]] = right_scores[has_terms]
    if not np.isfinite(table).all():
        return None
    deviation = table.std()
    return float(table.std(axis=1).mean() / deviation) if deviation else None
