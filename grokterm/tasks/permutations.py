"""The group S5: the 120 permutations of five elements, numbered in lexicographic order; 0 is the identity."""

from functools import cache
from itertools import permutations

import numpy as np
from jaxtyping import Int64

N_PERMUTATIONS = 120


@cache
def product_table() -> Int64[np.ndarray, "left right"]:
    """Return the table of a · b, first a and then b: (a · b)[i] = b[a[i]], as in the public code of Power et al. (2022)."""
    elements = np.array(list(permutations(range(5))), dtype=np.int64)
    composed = elements[:, elements].swapaxes(0, 1)
    digits = 5 ** np.arange(4, -1, -1)  # as numbers in base 5, permutations keep their order
    return np.searchsorted(elements @ digits, composed @ digits)


@cache
def inverse_permutations() -> Int64[np.ndarray, " permutations"]:
    """Return the number of each permutation's inverse."""
    return np.argmin(product_table(), axis=1)
