"""Transformer over the tokens of an equation."""

from math import sqrt
from typing import ClassVar, TypeAlias, cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional

from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.attention import attention_pattern, attention_scores, weighted_values
from grokterm.models.draws import Draw
from grokterm.models.dropout import dropped
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, uniform, zeros
from grokterm.models.layers import Layer
from grokterm.models.network import TokenFeatures
from grokterm.models.products import linear
from grokterm.models.sequences import SIGNS, TokenNetwork
from grokterm.tasks.randomness import generator

Read: TypeAlias = Float[Tensor, "batch read features"]
Seen: TypeAlias = Float[Tensor, "batch seen features"]
AttentionScores: TypeAlias = Float[Tensor, "batch heads read seen"]
Mask: TypeAlias = Bool[Tensor, "read seen"]

MATRICES = (
    Layer("query", "query", rows="features"),
    Layer("key", "key", rows="features"),
    Layer("value", "value", rows="features"),
    Layer("output", "attention output", rows="features of the heads"),
    Layer("mlp_in", "features to MLP", rows="features"),
    Layer("mlp_out", "MLP to features", rows="features", transposed=True),
)
"""The matrices of a block."""


class TransformerBlock(nn.Module):
    """Attention, which moves information between tokens, then an MLP at each token, each added to what was there."""

    def __init__(self, settings: TransformerModel, draw: np.random.Generator, number: int) -> None:
        super().__init__()
        d_model, d_mlp = settings.d_model, settings.d_mlp
        self.n_heads = settings.n_heads
        self.activation = ACTIVATIONS[settings.activation]
        self.dropout = settings.dropout

        def weight(inputs: int, *outputs: int) -> nn.Parameter:
            if settings.initialization == "normal":
                return normal(draw, inputs, *outputs, deviation=1 / sqrt(d_model))
            return uniform(draw, inputs, *outputs, inputs=inputs)

        def bias(inputs: int, outputs: int) -> nn.Parameter | None:
            if not settings.biases:
                return None
            return zeros(outputs) if settings.initialization == "normal" else uniform(draw, outputs, inputs=inputs)

        self.query, self.key, self.value, self.output = (weight(d_model, d_model) for _ in range(4))
        self.mlp_in, self.mlp_in_bias = weight(d_model, d_mlp), bias(d_model, d_mlp)
        self.mlp_out, self.mlp_out_bias = weight(d_mlp, d_model), bias(d_mlp, d_model)

        def norm(place: str) -> nn.Module:
            return nn.LayerNorm(d_model) if settings.norm == place else nn.Identity()

        self.before_attention, self.after_attention = norm("pre"), norm("post")
        self.before_mlp, self.after_mlp = norm("pre"), norm("post")
        self.pattern = HookPoint(f"block {number}, attention", "attention")
        self.before, self.after = HookPoint(f"block {number}, MLP before φ"), HookPoint(f"block {number}, MLP after φ")

    def look(self, stream: Seen, n_read: int) -> tuple[AttentionScores, Seen]:
        """Tell how much each of the last `n_read` positions asks for every other, and what that has to give."""
        queries, keys, values = self.project(stream, n_read)
        return attention_scores(queries, keys, self.n_heads), values

    def project(self, stream: Seen, n_read: int) -> tuple[Read, Seen, Seen]:
        """Work out the queries of the last `n_read` positions, and the keys and values of all."""
        seen = self.before_attention(stream)
        return linear(seen[:, -n_read:], self.query), linear(seen, self.key), linear(seen, self.value)

    def look_once(self, token_features: Float[Tensor, "token_features seen features"], question: int) -> tuple[Tensor, Tensor]:
        """Tell how much the last position, if it is always this word, asks for each word at each place, and what those have."""
        seen = self.before_attention(token_features)
        asked = linear(seen[question, -1:], self.query)
        # One query for all equations: every head wants the same features in them, and no key is needed.
        wanted = (self.key * asked).reshape(len(self.key), self.n_heads, -1)
        return seen @ (wanted.sum(dim=-1) / sqrt(wanted.shape[-1])), linear(seen, self.value)

    def forward(self, read: Read, alike: AttentionScores, values: Seen, mask: Mask, draw: Draw | None) -> Read:
        """Work out the positions that read; the mask says at which others each may look."""
        pattern: Tensor = self.pattern(attention_pattern(alike, mask))
        read = self.after_attention(read + linear(weighted_values(pattern, values), self.output))
        changed: Tensor = self.after_mlp(read + dropped(self.think(self.before_mlp(read)), self.dropout, draw))
        return changed

    def think(self, read: Read) -> Read:
        """Apply the MLP to each position."""
        hidden = self.after(self.activation(self.before(linear(read, self.mlp_in, self.mlp_in_bias))))
        return linear(hidden, self.mlp_out, self.mlp_out_bias)


class Transformer(TokenNetwork):
    """A causal decoder: embedding plus positions, blocks, an untied readout."""

    cpu_block_rows: ClassVar[int] = 1000  # two threads share a batch of 512

    def __init__(self, settings: TransformerModel, modulus: int, seed: int) -> None:
        super().__init__(settings, modulus)
        d_model, n_tokens, n_shown = settings.d_model, settings.n_tokens(modulus), self.n_shown
        self.n_residue_tokens = settings.n_needed(modulus)
        self.positions = n_shown
        self.dropout = settings.dropout
        last = self.shown.split()[-1]
        alone = settings.n_layers == 1 and self.n_scored == 1
        self.question = modulus + SIGNS.index(last) if alone and last in SIGNS else None
        """The token that alone asks the others, if it is the same in every equation."""

        is_normal = settings.initialization == "normal"

        draw = generator(seed, "weights")
        deviation = 1 / sqrt(d_model) if is_normal else 1.0
        self.embedding = normal(draw, n_tokens, d_model, deviation=deviation)
        if settings.positions == "learned":
            self.places: Tensor = normal(draw, n_shown, d_model, deviation=deviation)
        else:
            self.register_buffer("places", waves(n_shown, d_model), persistent=False)
        blocks = nn.ModuleList(TransformerBlock(settings, draw, number + 1) for number in range(settings.n_layers))
        self.blocks = cast("list[TransformerBlock]", blocks)
        self.final_norm = nn.LayerNorm(d_model) if settings.norm == "pre" else nn.Identity()
        self.readout = (
            normal(draw, d_model, n_tokens, deviation=1 / sqrt(n_tokens))
            if is_normal
            else uniform(draw, d_model, n_tokens, inputs=d_model)
        )
        self.causal: Tensor
        self.register_buffer("causal", torch.ones(n_shown, n_shown, dtype=torch.bool).tril(), persistent=False)

        self.layers = (
            Layer("embedding", "token embedding"),
            *(
                Layer(f"blocks.{number}.{one.parameter}", f"block {number + 1}, {one.label}", one.rows, one.transposed)
                for number in range(settings.n_layers)
                for one in MATRICES
            ),
            Layer("readout", "answer", transposed=True),
        )

    def token_features(self, n_equations: int) -> TokenFeatures:
        """Work out every token at every place, and what the first block makes of each where there are more equations."""
        stream = self.embedding[: self.n_residue_tokens].unsqueeze(1) + self.places
        if n_equations <= self.n_residue_tokens:
            return {"stream": stream}
        block = self.blocks[0]
        if self.question is not None:
            alike, values = block.look_once(stream, self.question)
            return {"read": stream[self.question, -1:], "alike": alike, "value": values}
        queries, keys, values = block.project(stream, self._n_read(0))
        return {"stream": stream, "query": queries, "key": keys, "value": values}

    def forward(
        self, tokens: Int[Tensor, "batch tokens"], draw: Draw | None = None, token_features: TokenFeatures | None = None
    ) -> Float[Tensor, "batch ... classes"]:
        """Score every token as what comes next."""
        token_features = self.token_features(len(tokens)) if token_features is None else token_features
        stream, alike, values = self._first_look(token_features, tokens)
        for number, block in enumerate(self.blocks):
            n_read = self._n_read(number)
            if number > 0:
                alike, values = block.look(stream, n_read)
            stream = block(stream[:, -n_read:], alike, values, self.causal[-n_read:], draw)
        return linear(self.final_norm(stream), self.readout).squeeze(dim=1)

    def _n_read(self, number: int) -> int:
        """Count the last positions that a block works out: the last block only those that are scored."""
        return self.n_shown if number < len(self.blocks) - 1 else self.n_scored

    def _first_look(
        self, token_features: TokenFeatures, tokens: Int[Tensor, "batch tokens"]
    ) -> tuple[Read, AttentionScores, Seen]:
        """Look up what the first block works out, how much that asks for every position, and what those have to give."""
        n_read = self._n_read(0)
        if "alike" in token_features:
            alike = gathered(token_features["alike"], tokens).transpose(1, 2).unsqueeze(2)
            return token_features["read"].expand(len(tokens), 1, -1), alike, gathered(token_features["value"], tokens)
        if "query" in token_features:
            queries, keys, values = (gathered(token_features[name], tokens) for name in ("query", "key", "value"))
            read = gathered(token_features["stream"][:, -n_read:], tokens)
            return read, attention_scores(queries, keys, self.blocks[0].n_heads), values
        stream = gathered(token_features["stream"], tokens)
        return stream[:, -n_read:], *self.blocks[0].look(stream, n_read)


def gathered(
    token_features: Float[Tensor, "token_features read features"], tokens: Int[Tensor, "batch tokens"]
) -> Float[Tensor, "batch read features"]:
    """Look up what stands for each of the last tokens at its place."""
    n_read = token_features.shape[1]
    rows = tokens[:, -n_read:] * n_read + torch.arange(n_read, device=tokens.device)
    return functional.embedding(rows, token_features.flatten(0, 1))


def waves(n_positions: int, d_model: int) -> Float[Tensor, "positions features"]:
    """Fixed positions: pairs of a sine and a cosine, each pair slower than the one before (Vaswani, 2017)."""
    features = np.arange(d_model)
    angles = np.arange(n_positions)[:, None] / 10_000 ** ((features - features % 2) / d_model)
    return torch.tensor(np.where(features % 2 == 0, np.sin(angles), np.cos(angles)), dtype=torch.float32)
