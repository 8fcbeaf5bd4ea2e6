"""A random order of equations in which every prefix is stratified by answer."""

from heapq import heappop, heappush

import numpy as np
from jaxtyping import Int64


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
