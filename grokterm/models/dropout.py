"""Dropout with masks from an explicit generator, so that a run can be repeated."""

import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.models.rng import Rng, random_like


def dropout(values: Float[Tensor, "..."], probability: float, rng: Rng | None) -> Float[Tensor, "..."]:
    """Zero each value with this probability and scale the others by 1 / (1 - probability); identity without `rng`."""
    if rng is None or not probability:
        return values
    is_kept = random_like(torch.rand, values, rng) >= probability
    return values * is_kept / (1 - probability)
