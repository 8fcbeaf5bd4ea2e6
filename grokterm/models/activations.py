"""Activation functions, the φ of a hidden layer.

To add one: a row in ACTIVATIONS, and its name in the settings of the networks that may use it.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quadratic": torch.square,
    "cubic": lambda z: z * z * z,
    "relu": functional.relu,
    "gelu": functional.gelu,
    "sine": torch.sin,
    "tanh": torch.tanh,
}
