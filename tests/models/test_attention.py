"""Attention is that of torch, whether its small products are taken as matrices or number by number."""

import pytest
import torch
from torch.nn import functional

from grokterm.models import attention
from grokterm.models.attention import attention_pattern, attention_scores, weighted_values


@pytest.mark.parametrize("few", [0, 10**9], ids=["by matrices", "by numbers"])
@pytest.mark.parametrize(("n_queries", "n_keys"), [(1, 3), (2, 6), (6, 6)])
def test_attention_is_that_of_torch(monkeypatch: pytest.MonkeyPatch, few: int, n_queries: int, n_keys: int) -> None:
    monkeypatch.setattr(attention, "FEW", few)
    queries, keys, values = (torch.randn(7, tokens, 12, requires_grad=True) for tokens in (n_queries, n_keys, n_keys))
    mask = torch.ones(n_keys, n_keys, dtype=torch.bool).tril()[-n_queries:]
    ours = weighted_values(attention_pattern(attention_scores(queries, keys, 3), mask), values)
    q, k, v = (one.view(7, -1, 3, 4).transpose(1, 2) for one in (queries, keys, values))
    right = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(-2)
    torch.testing.assert_close(ours, right, rtol=1e-4, atol=1e-5)
    slopes, expected = (torch.autograd.grad(made.square().sum(), (queries, keys, values)) for made in (ours, right))
    torch.testing.assert_close(slopes, expected, rtol=1e-4, atol=1e-5)
