"""Matrix products on a CPU by the library that is fastest at them.

torch hands float32 products to MKL, which leaves half of an AMD core's vector width unused. numpy's OpenBLAS takes all of it
and costs next to nothing to call. oneDNN, which torch has on board for compiled programs, takes all of it too, whatever numpy
was built with, and has the better kernels for large factors, but costs ten microseconds a call. Microseconds of one thread of
an AMD EPYC (AVX-512) by MKL, by oneDNN and by OpenBLAS: 320 × 120 by 120 × 40 36, 27 and 19; 640 × 120 by 120 × 40 72, 44 and
38; 588 × 500 by 500 × 97 690, 298 and 290; 479 × 128 by 128 × 512 660, 280 and 298.
"""

import os
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

HAS_ONEDNN: bool = torch.backends.mkldnn.is_available() and hasattr(torch.ops.mkldnn, "_linear_pointwise")  # type: ignore[no-untyped-call]

NUMPY_THREADS = "OPENBLAS_NUM_THREADS"

NUMPY_SINGLE_THREADED: bool = os.environ.get(NUMPY_THREADS) == "1"
"""numpy multiplies with the thread that asks; several of its own would wait for each other by spinning."""

SMALL = 4_000_000
"""Multiply-adds up to which the call matters."""

WORTH_CALLING = 1_500_000
"""Multiply-adds from which a product gains more by oneDNN than its call costs, beside MKL.

Where autograd records the call, in Python, both are twice as much or three times.
"""


def environment() -> dict[str, str]:
    """Return the environment of a process that is to multiply by the libraries of this one, to the same bits."""
    others = {name: value for name, value in os.environ.items() if name != NUMPY_THREADS}
    return others | ({NUMPY_THREADS: "1"} if NUMPY_SINGLE_THREADED else {})


class SharedMatrix(NamedTuple):
    """A matrix as torch and as numpy know it, which share its memory."""

    tensor: Float[Tensor, "rows columns"]
    array: Float32[np.ndarray, "rows columns"]

    @staticmethod
    def of(tensor: Float[Tensor, "rows columns"]) -> "SharedMatrix":
        """Find the array of a tensor."""
        return SharedMatrix(tensor, tensor.numpy())


@np.errstate(over="ignore", invalid="ignore")  # numbers of a run that diverges, of which torch would say nothing
def matmul_out(left: SharedMatrix, right: SharedMatrix, out: SharedMatrix) -> SharedMatrix:
    """Return left right, in the memory of `out` or in other memory. It is not to be differentiated."""
    work = left.array.size * right.array.shape[1]
    if NUMPY_SINGLE_THREADED and (work < SMALL or not HAS_ONEDNN):
        np.dot(left.array, right.array, out=out.array)
    elif HAS_ONEDNN and work >= WORTH_CALLING:
        return SharedMatrix.of(_by_onednn(left.tensor, right.tensor))
    else:
        torch.mm(left.tensor, right.tensor, out=out.tensor)
    return out


def matmul(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    """Return left right. It is not to be differentiated."""
    out = left.new_empty(len(left), right.shape[1])
    return matmul_out(SharedMatrix.of(left), SharedMatrix.of(right), SharedMatrix.of(out)).tensor


def linear(
    rows: Float[Tensor, "... inner"], matrix: Float[Tensor, "inner columns"], bias: Float[Tensor, " columns"] | None = None
) -> Float[Tensor, "... columns"]:
    """Return rows matrix + bias, for autograd to go back through."""
    if _suits_onednn(rows, matrix):
        multiplied: Tensor = _Times.apply(rows, matrix, bias)  # type: ignore[no-untyped-call]
        return multiplied
    return functional.linear(rows, matrix.T, bias)


def _suits_onednn(rows: Tensor, matrix: Tensor) -> bool:
    """Tell whether a product is worth a call of its own; what torch.func batches is left to torch."""
    return (
        HAS_ONEDNN
        and rows.ndim > 1
        and rows.numel() * matrix.shape[1] >= WORTH_CALLING
        and rows.is_cpu
        and rows.dtype is torch.float32
        and not torch._C._are_functorch_transforms_active()
    )


def _by_onednn(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    if left.stride(0) == 1 and len(left) > right.shape[1]:  # it copies a factor that stands on its head: let it be the smaller
        return _by_onednn(right.T, left.T).T
    multiplied: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.T, None, "none", [], "")  # no bias, nothing after it
    return multiplied


class _Times(torch.autograd.Function):
    """rows matrix + bias, and its gradient, by oneDNN, which adds the bias on its way.

    Rows that do not lie side by side are copied: across them a product over rows takes a hundred times as long.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch's own
        rows = rows.contiguous()
        ctx.save_for_backward(rows, matrix)
        multiplied: Tensor = torch.ops.mkldnn._linear_pointwise(rows, matrix.T, bias, "none", [], "")
        return multiplied

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, slope: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # noqa: ANN401 - torch's own
        rows, matrix = ctx.saved_tensors
        slope = slope.flatten(0, -2).contiguous()
        for_rows, for_matrix, for_bias = ctx.needs_input_grad
        return (
            matmul(slope, matrix.T).view_as(rows) if for_rows else None,
            matmul(rows.flatten(0, -2).T, slope) if for_matrix else None,
            slope.sum(dim=0) if for_bias else None,
        )
