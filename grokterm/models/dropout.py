"""Dropout whose masks come from a given random stream, so that a run can be repeated."""

import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.models.draws import Draw, drawn


def dropped(values: Float[Tensor, "..."], share: float, draw: Draw | None) -> Float[Tensor, "..."]:
    """Silence a share of the values and scale the others up, so that the mean stays; without a `draw` change nothing."""
    if draw is None or not share:
        return values
    kept = drawn(torch.rand, values, draw) >= share
    return values * kept / (1 - share)
