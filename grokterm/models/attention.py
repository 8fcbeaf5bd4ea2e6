"""Multi-head attention over the few tokens of an equation.

Written out: torch's fused attention is no faster for so few tokens, and vmap cannot batch it over networks.
"""

from math import sqrt

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# Multiply-adds below which, on a CPU, an elementwise sum is faster than torch's batched matmul.
#
# 479 × 4 heads of 32 features, forward and backward, one query and three keys: 1.7 ms by matmul, 0.8 ms elementwise.
FEW = 400


def attention_scores(
    queries: Float[Tensor, "batch queries features"], keys: Float[Tensor, "batch keys features"], n_heads: int
) -> Float[Tensor, "batch heads queries keys"]:
    """QKᵀ/√d, per head."""
    q, k = _split_heads(queries, n_heads), _split_heads(keys, n_heads)
    elementwise = q.is_cpu and q.shape[-2] * k.shape[-2] * k.shape[-1] < FEW
    scores = (q.unsqueeze(-2) * k.unsqueeze(-3)).sum(dim=-1) if elementwise else q @ k.transpose(-2, -1)
    return scores / sqrt(k.shape[-1])


def attention_pattern(
    scores: Float[Tensor, "batch heads queries keys"], mask: Bool[Tensor, "queries keys"], rate: float = 1.0
) -> Float[Tensor, "batch heads queries keys"]:
    """Masked softmax over keys; below a rate of 1 that share of it, and the rest 1 for every key (Zhong, 2023)."""
    # A single query is the last position, which may attend to every key.
    masked = scores if len(mask) == 1 else scores.masked_fill(~mask, -torch.inf)
    pattern = masked.softmax(dim=-1)
    return pattern if rate == 1 else rate * pattern + (1 - rate) * mask


def weighted_values(
    pattern: Float[Tensor, "batch heads queries keys"], values: Float[Tensor, "batch keys features"]
) -> Float[Tensor, "batch queries features"]:
    """Sum the values weighted by the pattern, and concatenate the heads."""
    v = _split_heads(values, pattern.shape[1])
    elementwise = v.is_cpu and pattern.shape[-2] * v.shape[-2] * v.shape[-1] < FEW
    weighted = (pattern.unsqueeze(-1) * v.unsqueeze(-3)).sum(dim=-2) if elementwise else pattern @ v
    return weighted.transpose(1, 2).flatten(-2)


def _split_heads(vectors: Float[Tensor, "batch tokens features"], n_heads: int) -> Float[Tensor, "batch heads tokens size"]:
    return vectors.reshape(*vectors.shape[:-1], n_heads, -1).transpose(1, 2)
