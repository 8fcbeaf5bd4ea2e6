"""Matrix products on a CPU, each by the library that is fastest on this processor.

torch sends float32 products to MKL on x86, which uses half of an AMD core's vector width. numpy's OpenBLAS uses all of it and
is cheap to call. oneDNN, bundled with torch, also uses all of it and is faster for large matrices, but costs 10 µs a call.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Float32
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from grokterm.models.processor import vendor


@dataclass(frozen=True)
class Multiplier:
    """Which library multiplies, by the multiply-adds of a product; torch's own does what is left."""

    numpy_below: float = 0.0
    onednn_from: float = inf
    differentiable_onednn_from: float = inf
    """The same for products that autograd records: calls from Python cost more there, and the gain is threefold."""

    def __str__(self) -> str:
        parts = [
            f"numpy below {self.numpy_below:,.0f} multiply-adds" if self.numpy_below else "",
            f"oneDNN from {self.onednn_from:,.0f}" if self.onednn_from < inf else "",
            f"oneDNN from {self.differentiable_onednn_from:,.0f} under autograd"
            if self.differentiable_onednn_from < inf
            else "",
        ]
        return "; ".join(part for part in parts if part) or "torch"


MULTIPLIERS: dict[tuple[str, str], Multiplier] = {
    # AMD EPYC (Zen 5), one thread, µs by MKL, oneDNN, OpenBLAS:
    # 320 × 120 by 120 × 40: 36, 27, 19.  640 × 120 by 120 × 40: 72, 44, 38.
    # 588 × 500 by 500 × 97: 690, 298, 290.  479 × 128 by 128 × 512: 660, 280, 298.
    ("amd", "AVX512"): Multiplier(4e6, 4e6, 1.5e6),
    # Intel Xeon (AVX-512), one thread, µs by MKL, oneDNN, OpenBLAS:
    # 320 × 120 by 120 × 40: 43, 52, 59.  300 × 500 by 500 × 97, forward, weights' and inputs' gradient: 403, 368, 345 by MKL,
    # 545, 412, 439 by oneDNN, 456, 406, 391 by OpenBLAS.
    ("intel", "AVX512"): Multiplier(),
}
"""By vendor and vector width. Any other processor multiplies by torch."""


def multiplier_of(vendor: str, instructions: str, *, has_onednn: bool) -> Multiplier:
    """Choose for a processor: a fixed rule and never a timing, or the same seed would not give the same run."""
    chosen = MULTIPLIERS.get((vendor, instructions), Multiplier())
    return chosen if has_onednn else Multiplier(numpy_below=inf if chosen.numpy_below else 0.0)


def _onednn() -> Callable[[Tensor, Tensor, Tensor | None], Tensor] | None:
    """Return rows @ matrix.T + bias by oneDNN, which torch keeps to itself; None if this torch has it not, or otherwise."""
    if not torch.backends.mkldnn.is_available() or not hasattr(torch.ops.mkldnn, "_linear_pointwise"):  # type: ignore[no-untyped-call]
        return None
    call = torch.ops.mkldnn._linear_pointwise

    def product(rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:
        made: Tensor = call(rows, matrix, bias, "none", [], "")  # nothing after the sum
        return made

    try:
        product(torch.ones(1, 1), torch.ones(1, 1), None)
    except (TypeError, RuntimeError):  # it takes other arguments
        return None
    return product


ONEDNN = _onednn()
MULTIPLIER = multiplier_of(vendor(), torch.backends.cpu.get_cpu_capability(), has_onednn=ONEDNN is not None)

# Without the private name every call counts as transformed: then autograd never records oneDNN's products.
_is_transformed: Callable[[], bool] = getattr(torch._C, "_are_functorch_transforms_active", lambda: True)


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
    if work < MULTIPLIER.numpy_below:
        np.dot(left.array, right.array, out=out.array)
    elif work >= MULTIPLIER.onednn_from:
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
        rows.ndim > 1
        and rows.numel() * matrix.shape[1] >= MULTIPLIER.differentiable_onednn_from
        and rows.is_cpu
        and rows.dtype is torch.float32
        and not _is_transformed()
    )


def _by_onednn(left: Float[Tensor, "rows inner"], right: Float[Tensor, "inner columns"]) -> Float[Tensor, "rows columns"]:
    if left.stride(0) == 1 and len(left) > right.shape[1]:  # oneDNN copies a transposed operand: make it the smaller one
        return _by_onednn(right.T, left.T).T
    assert ONEDNN is not None
    return ONEDNN(left, right.T, None)


class _OneDNNLinear(torch.autograd.Function):
    """rows @ matrix + bias by oneDNN.

    Copies strided rows: a product over them would take a hundred times as long.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, matrix: Tensor, bias: Tensor | None) -> Tensor:  # noqa: ANN401 - torch's own
        rows = rows.contiguous()
        ctx.save_for_backward(rows, matrix)
        assert ONEDNN is not None
        return ONEDNN(rows, matrix.T, bias)

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
