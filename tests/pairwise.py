"""Few combinations in which every two choices still meet."""

from collections.abc import Sequence
from itertools import combinations, product

Row = tuple[object, ...]


def pairwise(*axes: Sequence[object]) -> list[Row]:
    """Choose rows of one value an axis until every two values of different axes stand in one of them.

    The next row is always the one with the most pairs that are still to come; of several the first in the order of the axes.
    """
    rows, chosen = list(product(*axes)), list[Row]()
    missing = {pair for row in rows for pair in _pairs(row)}
    while missing:
        best = max(rows, key=lambda row: len(missing & _pairs(row)))
        chosen.append(best)
        missing -= _pairs(best)
    return chosen


def _pairs(row: Row) -> set[tuple[tuple[int, object], ...]]:
    return set(combinations(enumerate(row), 2))
