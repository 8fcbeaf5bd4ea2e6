"""Initial weights, made in NumPy on the host so that they are the same on every device."""

from math import sqrt

import numpy as np
import torch
from torch import nn


def normal(draw: np.random.Generator, *shape: int, deviation: float = 1.0) -> nn.Parameter:
    """Draw from N(0, deviation²): with deviation 1 what nn.Embedding starts from."""
    return parameter(draw.standard_normal(shape) * deviation)


def uniform(draw: np.random.Generator, *shape: int, inputs: int) -> nn.Parameter:
    """Draw from U(-1/√inputs, 1/√inputs), what nn.Linear and nn.LSTM start from, their biases too."""
    return parameter(draw.uniform(-1 / sqrt(inputs), 1 / sqrt(inputs), shape))


def zeros(*shape: int) -> nn.Parameter:
    """Start at zero."""
    return parameter(np.zeros(shape))


def parameter(values: np.ndarray) -> nn.Parameter:
    """Start at these values, which lie row by row in memory: torch's optimizers pair entries by where they lie."""
    return nn.Parameter(torch.tensor(np.ascontiguousarray(values), dtype=torch.float32))
