"""How large, how many-dimensional and how sparse weights are, matrix by matrix."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Shaped

Tensors = Mapping[str, Shaped[np.ndarray, "..."]]

NEGLIGIBLE = 0.01  # an entry below this share of the largest of its matrix counts as zero


def effective_rank(matrix: Shaped[np.ndarray, "rows columns"]) -> float | None:
    """Return exp(−Σ p log p), p the singular values over their sum (Roy & Vetterli, 2007); None for a matrix of zeros.

    Between 1 and the rank: the number of dimensions, if all were used alike.
    """
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    if not values.any():
        return None
    shares = values[values > 0] / values.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def mean_effective_rank(tensors: Tensors) -> float | None:
    """Return the mean effective rank of the matrices; None without any that is not zero."""
    ranks = [rank for one in tensors.values() if one.ndim == 2 and (rank := effective_rank(one)) is not None]
    return float(np.mean(ranks)) if ranks else None


def n_negligible(values: Shaped[np.ndarray, "..."]) -> int:
    """Count the entries that are zero, or below one hundredth of the largest."""
    sizes = np.abs(values)
    return int((sizes <= NEGLIGIBLE * sizes.max(initial=0)).sum())


def sparsity(tensors: Tensors) -> float | None:
    """Return the share of negligible entries in all tensors together; None without entries."""
    n_entries = sum(values.size for values in tensors.values())
    return sum(map(n_negligible, tensors.values())) / n_entries if n_entries else None
