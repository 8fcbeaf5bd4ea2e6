"""The elementwise φ of a hidden layer.

To add one, list it in ACTIVATIONS and name it in the settings of the networks that may use it.
"""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "quadratic": torch.square,
    "relu": functional.relu,
    "gelu": functional.gelu,
    "sine": torch.sin,
    "tanh": torch.tanh,
}
