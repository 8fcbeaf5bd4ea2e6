"""Matrix products on a CPU by oneDNN, where torch is built with it.

torch hands float32 products to MKL, which leaves half of an AMD core's vector width unused; oneDNN, which torch has on board
for compiled programs, takes all of it. Billions of operations a second of one thread of an AMD EPYC with AVX-512, by MKL and
by oneDNN: 588 × 500 by 500 × 97 82 and 162, 588 × 97 by 97 × 500 85 and 213, 640 × 120 by 120 × 40 84 and 108.
"""

import torch
from jaxtyping import Float
from torch import Tensor

HAS_ONEDNN: bool = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # type: ignore[no-untyped-call]

WORTH_TRANSPOSING = 10_000_000
"""Multiply-adds from which a product over rows is faster with both of its factors copied the other way round."""


def times_transposed(left: Float[Tensor, "rows inner"], right: Float[Tensor, "columns inner"]) -> Float[Tensor, "rows columns"]:
    """Return left rightᵀ."""
    if HAS_ONEDNN:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")  # no bias, nothing after it
        return product
    return left @ right.T


def add_product_over_rows(
    total: Float[Tensor, "left right"], left: Float[Tensor, "rows left"], right: Float[Tensor, "rows right"]
) -> None:
    """Add leftᵀ right to a total."""
    if HAS_ONEDNN and left.numel() * right.shape[1] >= WORTH_TRANSPOSING:
        total.add_(times_transposed(left.T.contiguous(), right.T.contiguous()))
    else:
        total.addmm_(left.T, right)
