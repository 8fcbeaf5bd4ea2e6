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
from grokterm.models.attention import collected, likeness, pattern_of
from grokterm.models.draws import Draw
from grokterm.models.dropout import dropped
from grokterm.models.hook_points import HookPoint
from grokterm.models.initial import normal, uniform, zeros
from grokterm.models.layers import Layer
from grokterm.models.products import times
from grokterm.models.sequences import TokenNetwork
from grokterm.tasks.randomness import generator

Read: TypeAlias = Float[Tensor, "batch read features"]
Seen: TypeAlias = Float[Tensor, "batch seen features"]
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


class Block(nn.Module):
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

    def project(self, stream: Seen, n_read: int) -> tuple[Read, Seen, Seen]:
        """Work out the queries of the last `n_read` positions, and the keys and values of all."""
        seen = self.before_attention(stream)
        return times(seen[:, -n_read:], self.query), times(seen, self.key), times(seen, self.value)

    def forward(  # noqa: PLR0913, PLR0917 - queries, keys and values stand for one thing each
        self, read: Read, queries: Read, keys: Seen, values: Seen, mask: Mask, draw: Draw | None
    ) -> Read:
        """Work out the positions that ask a query; the mask says at which others each may look."""
        read = self.after_attention(read + self.attend(queries, keys, values, mask))
        changed: Tensor = self.after_mlp(read + dropped(self.think(self.before_mlp(read)), self.dropout, draw))
        return changed

    def attend(self, queries: Read, keys: Seen, values: Seen, mask: Mask) -> Read:
        """Collect values from other positions, in every head by its own weights."""
        pattern: Tensor = self.pattern(pattern_of(likeness(queries, keys, self.n_heads), mask))
        return times(collected(pattern, values), self.output)

    def think(self, read: Read) -> Read:
        """Apply the MLP to each position."""
        hidden = self.after(self.activation(self.before(times(read, self.mlp_in, self.mlp_in_bias))))
        return times(hidden, self.mlp_out, self.mlp_out_bias)


class Transformer(TokenNetwork):
    """A causal decoder: embedding plus positions, blocks, an untied readout."""

    cpu_block_rows: ClassVar[int] = 512

    def __init__(self, settings: TransformerModel, modulus: int, seed: int) -> None:
        super().__init__(settings, modulus)
        d_model, n_tokens, n_shown = settings.d_model, settings.n_tokens(modulus), self.n_shown
        self.n_words = settings.n_needed(modulus)
        self.positions = n_shown
        self.dropout = settings.dropout
        is_normal = settings.initialization == "normal"

        draw = generator(seed, "weights")
        deviation = 1 / sqrt(d_model) if is_normal else 1.0
        self.embedding = normal(draw, n_tokens, d_model, deviation=deviation)
        if settings.positions == "learned":
            self.places: Tensor = normal(draw, n_shown, d_model, deviation=deviation)
        else:
            self.register_buffer("places", waves(n_shown, d_model), persistent=False)
        blocks = nn.ModuleList(Block(settings, draw, number + 1) for number in range(settings.n_layers))
        self.blocks = cast("list[Block]", blocks)
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

    def forward(self, tokens: Int[Tensor, "batch tokens"], draw: Draw | None = None) -> Float[Tensor, "batch ... classes"]:
        """Score every token as what comes next."""
        words = self.embedding[: self.n_words].unsqueeze(1) + self.places  # every token at every place
        stream = gathered(words, tokens)
        for number, block in enumerate(self.blocks):
            # Only the scored positions are read, so that the last block need not work out the others.
            mask = self.causal if number < len(self.blocks) - 1 else self.causal[-self.n_scored :]
            if number == 0 and len(words) < len(tokens):  # project once a token, then gather
                queries, keys, values = (gathered(one, tokens) for one in block.project(words, len(mask)))
            else:
                queries, keys, values = block.project(stream, len(mask))
            stream = block(stream[:, -len(mask) :], queries, keys, values, mask, draw)
        return times(self.final_norm(stream), self.readout).squeeze(dim=1)


def gathered(
    words: Float[Tensor, "words read features"], tokens: Int[Tensor, "batch tokens"]
) -> Float[Tensor, "batch read features"]:
    """Look up what stands for each of the last tokens at its place."""
    n_read = words.shape[1]
    rows = tokens[:, -n_read:] * n_read + torch.arange(n_read, device=tokens.device)
    return functional.embedding(rows, words.flatten(0, 1))


def waves(n_positions: int, d_model: int) -> Float[Tensor, "positions features"]:
    """Fixed positions: pairs of a sine and a cosine, each pair slower than the one before (Vaswani, 2017)."""
    features = np.arange(d_model)
    angles = np.arange(n_positions)[:, None] / 10_000 ** ((features - features % 2) / d_model)
    return torch.tensor(np.where(features % 2 == 0, np.sin(angles), np.cos(angles)), dtype=torch.float32)
