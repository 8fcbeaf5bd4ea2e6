"""The activations and the losses of the written-out gradient, with their derivatives. To add one: a function and a row."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Activation:
    """An elementwise activation and its derivative, in place."""

    write: Callable[[Tensor, Tensor], object]
    """Write φ(z) into a tensor: (z, out)."""

    chain: Callable[[Tensor, Tensor], object]
    """Multiply a gradient by φ'(z) in place, but for a constant: (grad, z); z may be overwritten."""

    constant: float = 1.0


HAS_GELU_BACKWARD: bool = hasattr(torch.ops.aten, "gelu_backward")  # private to torch


def _gelu_backward(grad: Tensor, z: Tensor) -> Tensor:
    if HAS_GELU_BACKWARD:
        slope: Tensor = torch.ops.aten.gelu_backward(grad, z)
        return slope
    with torch.enable_grad():
        leaf = z.detach().requires_grad_()
        return torch.autograd.grad(functional.gelu(leaf), leaf, grad)[0]


ACTIVATION_KERNELS: dict[str, Activation] = {
    "quadratic": Activation(lambda z, out: torch.square(z, out=out), lambda g, z: g.mul_(z), constant=2.0),
    "cubic": Activation(lambda z, out: torch.square(z, out=out).mul_(z), lambda g, z: g.mul_(z.square_()), constant=3.0),
    "relu": Activation(lambda z, out: torch.clamp(z, min=0, out=out), lambda g, z: g.mul_(z.gt_(0))),
    "gelu": Activation(lambda z, out: out.copy_(functional.gelu(z)), lambda g, z: g.copy_(_gelu_backward(g, z))),
    "sine": Activation(lambda z, out: torch.sin(z, out=out), lambda g, z: g.mul_(z.cos_())),
    "tanh": Activation(lambda z, out: torch.tanh(z, out=out), lambda g, z: g.mul_(z.tanh_().square_().neg_().add_(1))),
}


@dataclass(frozen=True)
class LossGradient:
    """The gradient of each row's loss by its scores: a constant times (outputs − one-hot answer)."""

    outputs: Callable[[Tensor], Tensor]
    """From scores to what the one-hot answer is subtracted from; it may return the scores themselves."""

    constant: Callable[[int], float]
    """The factor, from the number of classes."""


LOSS_GRADIENTS: dict[str, LossGradient] = {
    "mse": LossGradient(lambda scores: scores, lambda classes: 2 / classes),
    "cross_entropy": LossGradient(lambda scores: scores.softmax(dim=1), lambda classes: 1.0),
}
