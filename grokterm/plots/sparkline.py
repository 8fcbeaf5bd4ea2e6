"""A curve in a single line of text."""

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

BLOCKS, ASCII = "▁▂▃▄▅▆▇█", "_.-=+*#%"


def sparkline(steps: Sequence[int], shares: Sequence[float], width: int, *, ascii_only: bool = False) -> str:
    """Draw shares between 0 and 1, one character for equal parts of the logarithm of the step.

    Each is the mean of what was measured in its part, or what was measured last before it, at first 0.
    """
    characters, last = ASCII if ascii_only else BLOCKS, steps[-1]
    edges = [(last + 1.0) ** (column / width) for column in range(width + 1)]  # of the step plus one
    drawn, number, share = "", 0, 0.0
    for _, end in pairwise(edges):
        inside = []
        while number < len(steps) and (steps[number] + 1 < end or end == edges[-1]):
            inside.append(shares[number])
            number += 1
        finite = [one for one in inside if isfinite(one)]
        share = sum(finite) / len(finite) if finite else share
        drawn += characters[min(int(max(share, 0.0) * len(characters)), len(characters) - 1)]
    return drawn
