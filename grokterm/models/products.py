"""Matrix products on a CPU by oneDNN, where torch is built with it.

torch hands float32 products to MKL, which leaves half of an AMD core's vector width unused; oneDNN, which torch has on board
for compiled programs, takes all of it. Billions of operations a second of one thread of an AMD EPYC with AVX-512, by MKL and
by oneDNN: 588 × 500 by 500 × 97 82 and 199, 588 × 97 by 97 × 500 86 and 220, 500 × 588 by 588 × 97 91 and 198,
640 × 120 by 120 × 40 87 and 140, 120 × 640 by 640 × 40 85 and 112.
"""

import torch
from jaxtyping import Float
from torch import Tensor

HAS_ONEDNN: bool = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # type: ignore[no-untyped-call]

WORTH_CALLING = 1_500_000
"""Multiply-adds from which a product gains more by oneDNN than its call costs, ten microseconds."""


def times_transposed(left: Float[Tensor, "rows inner"], right: Float[Tensor, "columns inner"]) -> Float[Tensor, "rows columns"]:
    """Return left rightᵀ."""
    if HAS_ONEDNN and left.numel() * len(right) >= WORTH_CALLING:
        # No bias, nothing after it. It finds its own way through rows that lie side by side.
        product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")
        return product
    return left @ right.T


def product_over_rows(left: Float[Tensor, "rows left"], right: Float[Tensor, "rows right"]) -> Float[Tensor, "left right"]:
    """Return leftᵀ right."""
    if left.shape[1] <= right.shape[1]:
        return times_transposed(left.T, right.T)
    return times_transposed(right.T, left.T).T  # the smaller of both first, for oneDNN a quarter faster
