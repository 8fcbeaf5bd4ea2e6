"""The random choices of training, from streams that are given, so that a run can be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional


@dataclass(frozen=True)
class Streams:
    """The streams of several networks that are worked on at once: each network draws what it would draw alone."""

    generators: Sequence[Generator]
    member: Int[Tensor, "..."]
    """The networks that draw, by their place in the list: all, or under vmap the one at hand."""


Draw: TypeAlias = Generator | Streams


def drawn(sample: Callable[..., Tensor], like: Tensor, draw: Draw) -> Float[Tensor, "..."]:
    """Sample, with torch.rand or torch.randn, a number for every entry of a tensor."""
    if isinstance(draw, Generator):
        return sample(like.shape, generator=draw, dtype=like.dtype, device=like.device)
    shape = like.shape[draw.member.ndim :]
    each = torch.stack([sample(shape, generator=own, dtype=like.dtype, device=like.device) for own in draw.generators])
    return functional.embedding(draw.member, each.view(len(each), -1)).view(like.shape)
