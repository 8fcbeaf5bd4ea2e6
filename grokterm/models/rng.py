"""Random numbers of a forward pass, from explicit generators, so that a run can be repeated."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor
from torch.nn import functional


@dataclass(frozen=True)
class MemberRngs:
    """One generator per ensemble member: each member gets the numbers that it would get if trained alone."""

    generators: Sequence[Generator]
    member: Int[Tensor, "..."]
    """Indices into `generators`: all members or, under vmap, the current one."""


Rng: TypeAlias = Generator | MemberRngs


def random_like(sample: Callable[..., Tensor], like: Tensor, rng: Rng) -> Float[Tensor, "..."]:
    """Sample a tensor of the shape and device of `like`, in its dtype or float32 if that is finer.

    `sample` is torch.rand or torch.randn.
    """
    dtype = torch.promote_types(like.dtype, torch.float32)
    if isinstance(rng, Generator):
        return sample(like.shape, generator=rng, dtype=dtype, device=like.device)
    shape = like.shape[rng.member.ndim :]
    samples = torch.stack([sample(shape, generator=generator, dtype=dtype, device=like.device) for generator in rng.generators])
    return functional.embedding(rng.member, samples.view(len(samples), -1)).view(like.shape)
