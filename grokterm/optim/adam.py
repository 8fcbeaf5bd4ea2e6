"""The update of Adam and AdamW, in place: by torch's fused operations or, where they are not to be had, written out.

torch keeps these operations to itself: a release may take them away, or change what they are given.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf, log
from typing import Any, TypeAlias

import torch
from torch import Tensor

try:
    from torch._C._functorch import is_batchedtensor
except ImportError:

    def is_batchedtensor(tensor: Tensor) -> bool:
        """Take any tensor for a batched one: `_InPlace` updates both, but costs 40 µs."""
        return True


Operation: TypeAlias = Callable[..., None]


@dataclass(frozen=True)
class AdamUpdate:
    """Divides each gradient's running mean by the root of its running square, both corrected for their start at zero."""

    learning_rate: float
    betas: tuple[float, float]
    epsilon: float
    weight_decay: float
    is_decoupled: bool
    """The decay shrinks the weights, as in AdamW, instead of adding to the gradient."""

    def __call__(
        self,
        count: Tensor,
        weights: Sequence[Tensor],
        grads: Sequence[Tensor],
        firsts: Sequence[Tensor],
        seconds: Sequence[Tensor],
    ) -> None:
        """Update weights and moments in place, of all networks at once under torch.vmap; `count` includes this update."""
        tensors = (count, *weights, *grads, *firsts, *seconds)
        if is_batchedtensor(count):
            _InPlace.apply(self._move, *tensors)  # type: ignore[no-untyped-call]  # torch gives it no types
        else:
            self._move(*tensors)

    def _move(self, count: Tensor, *tensors: Tensor) -> None:
        n = len(tensors) // 4
        weights, grads, firsts, seconds = (list(tensors[begin : begin + n]) for begin in range(0, 4 * n, n))
        count = count if count.ndim == 0 else count.flatten()[0]  # stacked networks have made the same number of steps
        fused = fused_operation("_fused_adamw_" if self.is_decoupled else "_fused_adam_", count.device)
        if fused is None:
            for one in zip(weights, grads, firsts, seconds, strict=True):
                self._move_one(count, *one)
        else:
            fused(
                weights,
                grads,
                firsts,
                seconds,
                [],
                [count] * n,
                lr=self.learning_rate,
                beta1=self.betas[0],
                beta2=self.betas[1],
                weight_decay=self.weight_decay,
                eps=self.epsilon,
                amsgrad=False,
                maximize=False,
            )

    def _move_one(self, count: Tensor, weight: Tensor, grad: Tensor, first: Tensor, second: Tensor) -> None:
        if self.is_decoupled:
            weight.mul_(1 - self.learning_rate * self.weight_decay)
        elif self.weight_decay:
            grad = grad.add(weight, alpha=self.weight_decay)
        first.lerp_(grad, 1 - self.betas[0])
        second.mul_(self.betas[1]).addcmul_(grad, grad, value=1 - self.betas[1])
        mean_share, square_share = (_share_seen(beta, count) for beta in self.betas)
        root = (second / square_share).sqrt_().add_(self.epsilon)
        weight.sub_(first / root * (self.learning_rate / mean_share))


@cache
def fused_operation(name: str, device: torch.device) -> Operation | None:
    """Return torch's operation of this name, or None if this torch has none that updates one weight on the device."""
    operation: Operation | None = getattr(torch.ops.aten, name, None)
    if operation is None:
        return None
    weight, grad, first, second = ([torch.ones(1, device=device)] for _ in range(4))
    count = torch.ones((), device=device)
    numbers = {"lr": 0.1, "beta1": 0.9, "beta2": 0.9, "weight_decay": 0.0, "eps": 1e-8}
    try:
        operation(weight, grad, first, second, [], [count], amsgrad=False, maximize=False, **numbers)
    except (TypeError, RuntimeError):  # it takes other arguments, or is not made for this device
        return None
    return operation


def _share_seen(beta: float, count: Tensor) -> Tensor:
    """Return 1 - beta ** count, by which a running mean falls short, to float32's precision at the first steps too."""
    return -torch.expm1(count * (log(beta) if beta else -inf))


class _InPlace(torch.autograd.Function):
    """An in-place operation with a rule for vmap, which has none for those of torch.optim: all networks are updated at once."""

    @staticmethod
    def forward(move: Operation, count: Tensor, *tensors: Tensor) -> Tensor:
        move(count, *tensors)
        return count

    @staticmethod
    def setup_context(ctx: object, inputs: tuple[Any, ...], output: Tensor) -> None:
        """Keep nothing: an update is not differentiated."""

    @staticmethod
    def vmap(_: object, in_dims: tuple[int | None, ...], move: Operation, *tensors: Tensor) -> tuple[Tensor, int]:
        stacked = [one if dim is None else one.movedim(dim, 0) for one, dim in zip(tensors, in_dims[1:], strict=True)]
        move(*stacked)
        return stacked[0], 0
