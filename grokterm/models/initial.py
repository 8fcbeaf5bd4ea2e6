"""Initial weights, sampled with NumPy on the CPU so that they are the same for every device."""

from math import sqrt

import numpy as np
import torch
from torch import nn

from grokterm.experiment.architectures.initial import InitialWeights


def normal(rng: np.random.Generator, *shape: int, deviation: float = 1.0) -> nn.Parameter:
    """Sample N(0, deviation²); with deviation 1 as nn.Embedding does."""
    return parameter(rng.standard_normal(shape) * deviation)


def uniform(rng: np.random.Generator, *shape: int, inputs: int) -> nn.Parameter:
    """Sample U(-1/√inputs, 1/√inputs), as nn.Linear and nn.LSTM do for weights and biases."""
    return parameter(rng.uniform(-1 / sqrt(inputs), 1 / sqrt(inputs), shape))


def parameter(values: np.ndarray) -> nn.Parameter:
    """Return a float32 parameter, contiguous because torch's optimizers pair entries by memory order."""
    return nn.Parameter(torch.tensor(np.ascontiguousarray(values), dtype=torch.float32))


@torch.no_grad()
def adjust(network: nn.Module, settings: InitialWeights, rng: np.random.Generator) -> None:
    """Draw the matrices anew if their deviation is given, with biases 0 and gains as they are; then scale all parameters."""
    if settings.init_std != "auto":
        for name, weight in network.named_parameters():
            if weight.ndim > 1:
                weight.copy_(normal(rng, *weight.shape, deviation=settings.init_std))
            elif "bias" in name:
                weight.zero_()
    if settings.init_scale != 1:
        for weight in network.parameters():
            weight.mul_(settings.init_scale)
