"""Matrix products on a CPU by the fastest library at hand.

torch sends float32 products to MKL, which uses half of an AMD core's vector width. numpy's OpenBLAS uses all of it and is
cheap to call. oneDNN, bundled with torch, also uses all of it and is faster for large matrices, but costs 10 µs a call.
µs on one thread of an AMD EPYC (AVX-512), by MKL, oneDNN, OpenBLAS:

320 × 120 by 120 × 40: 36, 27, 19.  640 × 120 by 120 × 40: 72, 44, 38.
588 × 500 by 500 × 97: 690, 298, 290.  479 × 128 by 128 × 512: 660, 280, 298.
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

# Whether numpy multiplies in the calling thread. Its own threads would spin while they wait, and slow down torch's.
NUMPY_SINGLE_THREADED: bool = os.environ.get(NUMPY_THREADS) == "1"

SMALL = 4_000_000  # multiply-adds below which the cost of calling oneDNN matters, compared with OpenBLAS

# Multiply-adds from which oneDNN beats MKL, call included.
#
# Gain and cost are two to three times as large where a Python autograd function makes the call.
WORTH_CALLING = 1_500_000


def environment() -> dict[str, str]:
    """Return the environment for a child process whose products must equal this one's bit by bit."""
    variables = {name: value for name, value in os.environ.items() if name != NUMPY_THREADS}
    return variables | ({NUMPY_THREADS: "1"} if NUMPY_SINGLE_THREADED else {})


class SharedMatrix(NamedTuple):
    """A torch tensor and a numpy array over the same memory."""

    tensor: Float[Tensor, "rows columns"]
    array: Float32[np.ndarray, "rows columns"]

    @staticmethod
    def of(tensor: Float[Tensor, "rows columns"]) -> "SharedMatrix":
        """Return a tensor with its array."""
        return SharedMatrix(tensor, tensor.numpy())


@np.errstate(over="ignore", invalid="ignore")  # a diverging run overflows; torch would not warn either
def matmul_out(left: SharedMatrix, right: SharedMatrix, out: SharedMatrix) -> SharedMatrix:
    """Return left @ right, in `out` or in new memory. Not differentiable."""
    work = left.array.size * right.array.shape[1]
    if NUMPY_SINGLE_THREADED and (work < SMALL or not HAS_ONEDNN):
        np.dot(left.array, right.array, out=out.array)
    elif HAS_ONEDNN and work >= WORTH_CALLING:
        return SharedMatrix.of(_by_onednn(left.tensor, right.tensor))
    else:
        torch.mm(left.tensor, right.tensor, out=out.tensor)
    return out


def matmul(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    """Return left @ right. Not differentiable."""
    out = left.new_empty(len(left), right.shape[1])
    return matmul_out(SharedMatrix.of(left), SharedMatrix.of(right), SharedMatrix.of(out)).tensor


def linear(
    rows: Float[Tensor, "... inner"], matrix: Float[Tensor, "inner columns"], bias: Float[Tensor, " columns"] | None = None
) -> Float[Tensor, "... columns"]:
    """Return rows @ matrix + bias, differentiable."""
    if _suits_onednn(rows, matrix):
        product: Tensor = _OneDNNLinear.apply(rows, matrix, bias)  # type: ignore[no-untyped-call]
        return product
    return functional.linear(rows, matrix.T, bias)


def _suits_onednn(rows: Tensor, matrix: Tensor) -> bool:
    """Whether oneDNN pays off; torch.func transforms cannot batch the call."""
    return (
        HAS_ONEDNN
        and rows.ndim > 1
        and rows.numel() * matrix.shape[1] >= WORTH_CALLING
        and rows.is_cpu
        and rows.dtype is torch.float32
        and not torch._C._are_functorch_transforms_active()
    )


def _by_onednn(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    if left.stride(0) == 1 and len(left) > right.shape[1]:  # oneDNN copies a transposed operand: make it the smaller one
        return _by_onednn(right.T, left.T).T
    product: Tensor = torch.ops.mkldnn._linear_pointwise(left, right.T, None, "none", [], "")  # no bias, no activation
    return product


class _OneDNNLinear(torch.autograd.Function):
    """rows @ matrix + bias by oneDNN.

    Copies strided rows: a product over them would take a hundred times as long.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch's own
        rows = rows.contiguous()
        ctx.save_for_backward(rows, matrix)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, matrix.T, bias, "none", [], "")
        return product

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # noqa: ANN401 - torch's own
        rows, matrix = ctx.saved_tensors
        grad = grad.flatten(0, -2).contiguous()
        needs_rows, needs_matrix, needs_bias = ctx.needs_input_grad
        return (
            matmul(grad, matrix.T).view_as(rows) if needs_rows else None,
            matmul(rows.flatten(0, -2).T, grad) if needs_matrix else None,
            grad.sum(dim=0) if needs_bias else None,
        )
