"""Attention among the few tokens of an equation, in every head by its own weights.

Written out: the fused attention of torch is no faster for so few tokens, and cannot be batched over networks.
"""

from math import sqrt

import torch
from jaxtyping import Bool, Float
from torch import Tensor

FEW = 400
"""Multiply-adds of a product below which torch batches it, on a CPU, more slowly than number by number.

479 × 4 heads of 32 features, forward and back, one token that looks at three: 1.7 ms by matrices, 0.8 ms by numbers.
"""


def attention_scores(
    queries: Float[Tensor, "batch read features"], keys: Float[Tensor, "batch seen features"], n_heads: int
) -> Float[Tensor, "batch heads read seen"]:
    """Compare what is asked with what is there."""
    q, k = _in_heads(queries, n_heads), _in_heads(keys, n_heads)
    by_numbers = q.is_cpu and q.shape[-2] * k.shape[-2] * k.shape[-1] < FEW
    alike = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(dim=-1) if by_numbers else q @ k.transpose(-2, -1)
    return alike / sqrt(k.shape[-1])


def attention_pattern(
    alike: Float[Tensor, "batch heads read seen"], mask: Bool[Tensor, "read seen"]
) -> Float[Tensor, "batch heads read seen"]:
    """Share out the attention of each position that reads among those that the mask lets it see."""
    seen = alike if len(mask) == 1 else alike.masked_fill(~mask, -torch.inf)  # one alone is the last, which sees all
    return seen.softmax(dim=-1)


def weighted_values(
    pattern: Float[Tensor, "batch heads read seen"], values: Float[Tensor, "batch seen features"]
) -> Float[Tensor, "batch read features"]:
    """Collect the values by their shares."""
    v = _in_heads(values, pattern.shape[1])
    by_numbers = v.is_cpu and pattern.shape[-2] * v.shape[-2] * v.shape[-1] < FEW
    found = (pattern.unsqueeze(-1) * v.unsqueeze(-3)).sum(dim=-2) if by_numbers else pattern @ v
    return found.transpose(1, 2).flatten(-2)


def _in_heads(vectors: Float[Tensor, "batch tokens features"], n_heads: int) -> Float[Tensor, "batch heads tokens size"]:
    return vectors.reshape(*vectors.shape[:-1], n_heads, -1).transpose(1, 2)
