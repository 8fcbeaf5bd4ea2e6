"""Random orders of equations, of which a prefix is a training set that suits the split."""

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Literal

import numpy as np
from jaxtyping import Int64

from grokterm.tasks.equations import NO_ANSWER, Equations

SplitName = Literal["random", "nested", "symmetric", "stratified", "file"]


def shuffled(
    equations: Equations, split: SplitName, shape: Sequence[int], rng: np.random.Generator
) -> Int64[np.ndarray, " equations"]:
    """Return a random order of the rows; `shape` is that of the table of all tuples of operands."""
    if split == "stratified":
        return stratified_order(equations.answers, rng)
    if split == "symmetric":
        alike = np.ravel_multi_index(tuple(np.sort(equations.operands, axis=1).T), shape)  # of all tuples of the same operands
        return np.argsort(rng.permutation(np.prod(shape))[alike], kind="stable")
    return rng.permutation(len(equations))


def cut(equations: Equations, split: SplitName, requested: int, *ends: int) -> int:
    """Return how many rows hold the number of answers nearest to the requested one.

    Under the symmetric split a cut keeps tuples of the same operands together: it lies between two of them, or at these ends.
    """
    n_answers = np.concatenate([[0], np.cumsum(equations.answers != NO_ANSWER)])
    sizes = np.arange(len(n_answers))
    if split == "symmetric":
        alike = np.sort(equations.operands, axis=1)
        inside = np.flatnonzero(np.any(alike[1:] != alike[:-1], axis=1)) + 1
        inside = inside[(n_answers[inside] > 0) & (n_answers[inside] < n_answers[-1])]
        sizes = np.array(sorted({*ends, *inside}))
    return int(sizes[np.argmin(np.abs(n_answers[sizes] - requested))])


def stratified_order(answers: Int64[np.ndarray, " equations"], rng: np.random.Generator) -> Int64[np.ndarray, " equations"]:
    """Shuffle rows so that the first m of N hold m n / N, rounded up or down, of the n rows with the same answer.

    The k-th of these n gets a position from ⌊(k − 1) N / n⌋ to before ⌈k N / n⌉. Scheduling the earliest deadline first meets
    every window (Baruah et al. 1996, "Proportionate progress"). Largest remainders would solve each m separately, but not
    with the rows of one m as a prefix of the next.
    """
    shuffled = rng.permutation(len(answers))
    _, classes, sizes = np.unique(answers[shuffled], return_inverse=True, return_counts=True)
    by_class = np.argsort(classes, kind="stable")
    number = np.empty_like(by_class)  # k − 1 of each row
    number[by_class] = np.arange(len(answers)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    releases, deadlines = number * len(answers) // sizes[classes], -(-(number + 1) * len(answers) // sizes[classes])
    by_release = np.argsort(releases, kind="stable").tolist()
    ready: list[tuple[int, int]] = []
    order, n_released = [], 0
    for position in range(len(answers)):
        while n_released < len(answers) and releases[by_release[n_released]] <= position:
            row = by_release[n_released]
            heappush(ready, (int(deadlines[row]), row))
            n_released += 1
        order.append(heappop(ready)[1])
    return shuffled[order]
