"""Matrix products on a CPU by the library that is fastest at them.

torch hands float32 products to MKL, which leaves half of an AMD core's vector width unused. numpy's OpenBLAS takes all of it
once it is told to (`grokterm.models.blas`), and costs next to nothing to call. oneDNN, which torch has on board for compiled
programs, takes all of it in any case, but costs ten microseconds a call. Microseconds of one thread of an AMD EPYC (AVX-512)
by MKL, by oneDNN and by OpenBLAS: 320 × 120 by 120 × 40 36, 27 and 19; 640 × 120 by 120 × 40 72, 44 and 37; 588 × 500 by
500 × 97 690, 293 and 291.
"""

import os

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.models import blas

HAS_ONEDNN: bool = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # type: ignore[no-untyped-call]

HAS_OPENBLAS: bool = os.environ.get(blas.THREADS) == "1"
"""numpy was loaded by a process that wants one thread of it; with more, threads would wait for each other."""

WORTH_CALLING = 1_500_000
"""Multiply-adds from which a product gains more by oneDNN than its call costs."""


def product(
    left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"], out: Float[Tensor, "rows columns"]
) -> Float[Tensor, "rows columns"]:
    """Return left right, in the memory of `out` or in other memory. Neither is to be differentiated."""
    if HAS_OPENBLAS:
        np.dot(left.numpy(), right.numpy(), out=out.numpy())
        return out
    if HAS_ONEDNN and left.numel() * right.shape[1] >= WORTH_CALLING:
        return _by_onednn(left, right)
    return torch.mm(left, right, out=out)


def _by_onednn(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    if left.stride(0) == 1 and len(left) > right.shape[1]:  # it copies a factor that stands on its head: let it be the smaller
        return _by_onednn(right.T, left.T).T
    multiplied: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.T, None, "none", [], "")  # no bias, nothing after it
    return multiplied
