"""Transformer over the tokens of an equation."""

from dataclasses import replace
from math import sqrt
from typing import TypeAlias, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.attention import attention_pattern, attention_scores, weighted_values
from grokterm.models.dropout import dropout
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, parameter, uniform
from grokterm.models.layers import Layer
from grokterm.models.network import TokenFeatures
from grokterm.models.products import linear
from grokterm.models.rng import Rng
from grokterm.models.sequences import SIGNS, TokenNetwork
from grokterm.tasks.randomness import generator

Queries: TypeAlias = Float[Tensor, "batch queries features"]
Keys: TypeAlias = Float[Tensor, "batch keys features"]
AttentionScores: TypeAlias = Float[Tensor, "batch heads queries keys"]
Mask: TypeAlias = Bool[Tensor, "queries keys"]

# The matrices of a block.
MATRICES = (
    Layer("query", "query", rows="features"),
    Layer("key", "key", rows="features"),
    Layer("value", "value", rows="features"),
    Layer("output", "attention output", rows="features of the heads"),
    Layer("mlp_in", "features to MLP", rows="features"),
    Layer("mlp_out", "MLP to features", rows="features", transposed=True),
)


class TransformerBlock(nn.Module):
    """Attention, then an MLP, each added to the residual stream."""

    def __init__(self, settings: TransformerModel, rng: np.random.Generator, number: int) -> None:
        super().__init__()
        d_model, d_mlp = settings.d_model, settings.d_mlp
        self.n_heads = settings.n_heads
        self.activation = ACTIVATIONS[settings.activation]
        self.attention_rate = settings.attention_rate
        self.dropout = settings.dropout

        def weight(inputs: int, *outputs: int) -> nn.Parameter:
            if settings.initialization == "normal":
                return normal(rng, inputs, *outputs, deviation=1 / sqrt(d_model))
            return uniform(rng, inputs, *outputs, inputs=inputs)

        def bias(inputs: int, outputs: int) -> nn.Parameter | None:
            if not settings.biases:
                return None
            return parameter(np.zeros(outputs)) if settings.initialization == "normal" else uniform(rng, outputs, inputs=inputs)

        self.query, self.key, self.value, self.output = (weight(d_model, d_model) for _ in range(4))
        self.mlp_in, self.mlp_in_bias = weight(d_model, d_mlp), bias(d_model, d_mlp)
        self.mlp_out, self.mlp_out_bias = weight(d_mlp, d_model), bias(d_mlp, d_model)

        def norm(kind: str) -> nn.Module:
            return nn.LayerNorm(d_model) if settings.norm == kind else nn.Identity()

        self.before_attention, self.after_attention = norm("pre"), norm("post")
        self.before_mlp, self.after_mlp = norm("pre"), norm("post")
        self.pattern = HookPoint(f"block {number}, attention", "attention")
        self.before, self.after = HookPoint(f"block {number}, MLP before φ"), HookPoint(f"block {number}, MLP after φ")

    def scores_and_values(self, residual: Keys, n_queries: int) -> tuple[AttentionScores, Keys]:
        """Return the attention scores of the last `n_queries` positions, and all values."""
        queries, keys, values = self.project(residual, n_queries)
        return attention_scores(queries, keys, self.n_heads), values

    def project(self, residual: Keys, n_queries: int) -> tuple[Queries, Keys, Keys]:
        """Return the queries of the last `n_queries` positions, and all keys and values."""
        normalized = self.before_attention(residual)
        queries = linear(normalized[:, -n_queries:], self.query)
        return queries, linear(normalized, self.key), linear(normalized, self.value)

    def constant_query_scores_and_values(
        self, residual: Float[Tensor, "tokens positions features"], query_token: int
    ) -> tuple[Float[Tensor, "tokens positions heads"], Float[Tensor, "tokens positions features"]]:
        """Scores and values of every token at every position when the query token is constant."""
        normalized = self.before_attention(residual)
        query = linear(normalized[query_token, -1:], self.query)
        # (x K) q = x (K q): with one query for all equations, no keys are needed.
        key_query = (self.key * query).reshape(len(self.key), self.n_heads, -1)
        return normalized @ (key_query.sum(dim=-1) / sqrt(key_query.shape[-1])), linear(normalized, self.value)

    def forward(self, residual: Queries, scores: AttentionScores, values: Keys, mask: Mask, rng: Rng | None) -> Queries:
        """Return the residual stream after the block, at the query positions."""
        pattern: Tensor = self.pattern(attention_pattern(scores, mask, self.attention_rate))
        residual = self.after_attention(residual + linear(weighted_values(pattern, values), self.output))
        out: Tensor = self.after_mlp(residual + dropout(self.mlp(self.before_mlp(residual)), self.dropout, rng))
        return out

    def mlp(self, residual: Queries) -> Queries:
        """Apply the MLP at each position."""
        hidden = self.after(self.activation(self.before(linear(residual, self.mlp_in, self.mlp_in_bias))))
        return linear(hidden, self.mlp_out, self.mlp_out_bias)


class Transformer(TokenNetwork):
    """A causal decoder: token and position embedding, blocks, untied readout."""

    def __init__(self, settings: TransformerModel, n_elements: int, seed: int, n_operands: int = 2) -> None:
        super().__init__(settings, n_elements, n_operands)
        d_model, n_tokens, n_prompt = settings.d_model, settings.n_tokens(n_elements), self.n_prompt
        self.n_used_tokens = settings.n_needed(n_elements)
        self.n_positions = n_prompt
        self.dropout = settings.dropout
        last = self.prompt.split()[-1]
        has_one_query = settings.n_layers == 1 and self.n_scored == 1
        self.query_token = n_elements + SIGNS.index(last) if has_one_query and last in SIGNS else None
        """The only query token, if it is the same in every equation."""

        is_normal = settings.initialization == "normal"

        rng = generator(seed, "weights")
        deviation = 1 / sqrt(d_model) if is_normal else 1.0
        self.embedding = normal(rng, n_tokens, d_model, deviation=deviation)
        if settings.positions == "learned":
            self.places: Tensor = normal(rng, n_prompt, d_model, deviation=deviation)
        else:
            self.register_buffer("places", sinusoidal_positions(n_prompt, d_model), persistent=False)
        blocks = nn.ModuleList(TransformerBlock(settings, rng, number + 1) for number in range(settings.n_layers))
        self.blocks = cast("list[TransformerBlock]", blocks)
        self.n_activations = settings.d_mlp * self._n_queries(0)
        self.final_norm = nn.LayerNorm(d_model) if settings.norm == "pre" else nn.Identity()
        self.readout = (
            normal(rng, d_model, n_tokens, deviation=1 / sqrt(n_tokens))
            if is_normal
            else uniform(rng, d_model, n_tokens, inputs=d_model)
        )
        self.causal: Tensor
        self.register_buffer("causal", torch.ones(n_prompt, n_prompt, dtype=torch.bool).tril(), persistent=False)

        self.layers = (
            Layer("embedding", "token embedding"),
            *(
                replace(layer, parameter=f"blocks.{number}.{layer.parameter}", label=f"block {number + 1}, {layer.label}")
                for number in range(settings.n_layers)
                for layer in MATRICES
            ),
            Layer("readout", "answer", transposed=True),
        )

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Return the residual stream of every token at every position and, if it saves work, the first block's projections."""
        residual = self.embedding[: self.n_used_tokens].unsqueeze(1) + self.places
        if n_equations <= self.n_used_tokens:
            return {"residual": residual}
        block = self.blocks[0]
        if self.query_token is not None:
            scores, values = block.constant_query_scores_and_values(residual, self.query_token)
            return {"query_residual": residual[self.query_token, -1:], "scores": scores, "value": values}
        queries, keys, values = block.project(residual, self._n_queries(0))
        return {"residual": residual, "query": queries, "key": keys, "value": values}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], rng: Rng | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Score every token as the next one."""
        token_features = self.token_features(len(tokens)) if token_features is None else token_features
        residual, scores, values = self._first_block_inputs(token_features, tokens)
        for number, block in enumerate(self.blocks):
            n_queries = self._n_queries(number)
            if number > 0:
                scores, values = block.scores_and_values(residual, n_queries)
            residual = block(residual[:, -n_queries:], scores, values, self.causal[-n_queries:], rng)
        return linear(self.final_norm(residual), self.readout).squeeze(dim=1)

    def _n_queries(self, number: int) -> int:
        """Count the query positions of a block: in the last one only those that are scored."""
        return self.n_prompt if number < len(self.blocks) - 1 else self.n_scored

    def _first_block_inputs(
        self, token_features: TokenFeatures, tokens: Int[Tensor, "batch tokens"]
    ) -> tuple[Queries, AttentionScores, Keys]:
        """Look up the residual stream at the query positions, the attention scores and the values."""
        n_queries = self._n_queries(0)
        if "scores" in token_features:
            scores = lookup(token_features["scores"], tokens).transpose(1, 2).unsqueeze(2)
            residual = token_features["query_residual"].expand(len(tokens), 1, -1)
            return residual, scores, lookup(token_features["value"], tokens)
        if "query" in token_features:
            queries, keys, values = (lookup(token_features[name], tokens) for name in ("query", "key", "value"))
            residual = lookup(token_features["residual"][:, -n_queries:], tokens)
            return residual, attention_scores(queries, keys, self.blocks[0].n_heads), values
        residual = lookup(token_features["residual"], tokens)
        return residual[:, -n_queries:], *self.blocks[0].scores_and_values(residual, n_queries)


def lookup(
    table: Float[Tensor, "vocabulary positions features"], tokens: Int[Tensor, "batch tokens"]
) -> Float[Tensor, "batch positions features"]:
    """Look up the features of the last tokens at their positions."""
    n_positions = table.shape[1]
    rows = tokens[:, -n_positions:] * n_positions + torch.arange(n_positions, device=tokens.device)
    return functional.embedding(rows, table.flatten(0, 1))


def sinusoidal_positions(n_positions: int, d_model: int) -> Float[Tensor, "positions features"]:
    """Fixed position embedding: pairs of a sine and a cosine, each pair slower than the last (Vaswani, 2017)."""
    features = np.arange(d_model)
    angles = np.arange(n_positions)[:, None] / 10_000 ** ((features - features % 2) / d_model)
    return torch.tensor(np.where(features % 2 == 0, np.sin(angles), np.cos(angles)), dtype=torch.float32)
