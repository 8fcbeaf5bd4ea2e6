"""Matrix products on a CPU, by the library that is fastest on this processor.

torch sends float32 products to MKL on x86, which uses half of an AMD core's vector width. numpy's OpenBLAS uses all of it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from grokterm.models.processor import vendor

Library = Literal["numpy", "torch"]

LIBRARIES: dict[str, Library] = {
    # EPYC (Zen 5), one thread, µs by torch, by numpy, and by numpy limited to AVX2:
    # 320 × 120 by 120 × 40: 34, 12, 16.  588 × 500 by 500 × 97: 613, 199, 273.  1000 × 256 by 256 × 256: 1195, 328, 571.
    "amd": "numpy",
    # Xeon (AVX-512), one thread: 320 × 120 by 120 × 40: 43, 59.  300 × 500 by 500 × 97: 403, 456.
    "intel": "torch",
    # Not measured. There torch's own is tuned for ARM: OpenBLAS with the Arm Compute Library, or Apple's Accelerate.
    "arm": "torch",
}
"""By vendor. A fixed rule and never a timing, or the same seed would not give the same run."""

LIBRARY: Library = LIBRARIES.get(vendor(), "torch")

# Multiply-adds from which numpy pays off under autograd, where calls from Python cost more.
WORTH_CALLING = 500_000

_is_by_torch = ContextVar("_is_by_torch", default=False)

# torch keeps this to itself. Without it every call counts as transformed, and autograd never records numpy's products.
_is_transformed: Callable[[], bool] = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


@contextmanager
def products_by_torch() -> Iterator[None]:
    """In this context, `linear` is torch's own, which can be differentiated twice."""
    before = _is_by_torch.set(True)
    try:
        yield
    finally:
        _is_by_torch.reset(before)


class SharedMatrix(NamedTuple):
    """A torch tensor and a numpy array over the same memory."""

    tensor: Float[Tensor, "rows columns"]
    array: Float[np.ndarray, "rows columns"]

    @staticmethod
    def of(tensor: Float[Tensor, "rows columns"]) -> "SharedMatrix":
        """Return a tensor with its array."""
        return SharedMatrix(tensor, tensor.numpy())


@np.errstate(over="ignore", invalid="ignore")  # a diverging run overflows; torch would not warn either
def matmul_out(left: SharedMatrix, right: SharedMatrix, out: SharedMatrix) -> None:
    """Write left @ right into `out`. Not differentiable."""
    if LIBRARY == "numpy":
        np.dot(left.array, right.array, out=out.array)
    else:
        torch.mm(left.tensor, right.tensor, out=out.tensor)


def matmul(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    """Return left @ right. Not differentiable."""
    out = left.new_empty(len(left), right.shape[1])
    matmul_out(SharedMatrix.of(left), SharedMatrix.of(right), SharedMatrix.of(out))
    return out


def linear(
    rows: Float[Tensor, "... inner"], matrix: Float[Tensor, "inner columns"], bias: Float[Tensor, " columns"] | None = None
) -> Float[Tensor, "... columns"]:
    """Return rows @ matrix + bias, differentiable."""
    if _suits_numpy(rows, matrix):
        product: Tensor = _NumpyLinear.apply(rows, matrix, bias)  # type: ignore[no-untyped-call]  # torch gives it no types
        return product
    return functional.linear(rows, matrix.T, bias)


def _suits_numpy(rows: Tensor, matrix: Tensor) -> bool:
    """Whether numpy pays off; torch.func transforms cannot batch the call."""
    return (
        LIBRARY == "numpy"
        and rows.ndim > 1
        and rows.numel() * matrix.shape[1] >= WORTH_CALLING
        and rows.is_cpu
        and rows.dtype is torch.float32
        and not _is_transformed()
        and not _is_by_torch.get()
    )


class _NumpyLinear(torch.autograd.Function):
    """rows @ matrix + bias by numpy."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch's own
        ctx.save_for_backward(rows, matrix)
        product = matmul(rows.detach().flatten(0, -2), matrix.detach())
        if bias is not None:
            product += bias
        return product.view(*rows.shape[:-1], -1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None]:  # noqa: ANN401 - torch's own
        rows, matrix = ctx.saved_tensors
        grad = grad.flatten(0, -2)
        needs_rows, needs_matrix, needs_bias = ctx.needs_input_grad
        return (
            matmul(grad, matrix.T).view_as(rows) if needs_rows else None,
            matmul(rows.flatten(0, -2).T, grad) if needs_matrix else None,
            grad.sum(dim=0) if needs_bias else None,
        )
