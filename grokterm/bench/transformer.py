"""A transformer without optimizations: every token of every equation passes every layer at every position."""

from math import sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.network import Network


class PlainBlock(nn.Module):
    """Causal attention and an MLP, each added to the residual stream."""

    def __init__(self, settings: TransformerModel) -> None:
        super().__init__()
        d_model, d_mlp = settings.d_model, settings.d_mlp
        self.n_heads, self.activation = settings.n_heads, ACTIVATIONS[settings.activation]
        self.query, self.key, self.value, self.output = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))
        self.mlp_in = nn.Linear(d_model, d_mlp, bias=settings.biases)
        self.mlp_out = nn.Linear(d_mlp, d_model, bias=settings.biases)

    def forward(self, residual: Float[Tensor, "batch tokens features"]) -> Float[Tensor, "batch tokens features"]:
        """Return the residual stream after the block."""
        q, k, v = (
            layer(residual).unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        scores = q @ k.transpose(-2, -1) / sqrt(k.shape[-1])
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(diagonal=1)
        pattern = scores.masked_fill(future, -torch.inf).softmax(dim=-1)
        residual = residual + self.output((pattern @ v).transpose(1, 2).flatten(-2))
        out: Tensor = residual + self.mlp_out(self.activation(self.mlp_in(residual)))
        return out


class PlainTransformer(nn.Module):
    """The network of these settings with the weights of `network`; the readout acts on the last position only."""

    def __init__(self, settings: TransformerModel, network: Network) -> None:
        super().__init__()
        weights = dict(network.named_parameters())
        n_tokens, d_model = weights["embedding"].shape
        self.embedding = nn.Embedding(n_tokens, d_model)
        self.places = nn.Parameter(torch.empty_like(weights["places"]))
        self.blocks = nn.Sequential(*(PlainBlock(settings) for _ in range(settings.n_layers)))
        self.readout = nn.Linear(d_model, n_tokens, bias=False)
        state: dict[str, Tensor] = {"places": weights.pop("places"), "embedding.weight": weights.pop("embedding")}
        for name, weight in weights.items():
            if name.endswith("_bias"):
                state[f"{name.removesuffix('_bias')}.bias"] = weight
            else:
                state[f"{name}.weight"] = weight.T  # nn.Linear has one row per output
        self.load_state_dict(state)

    def forward(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch classes"]:
        """Score every token as the next one."""
        scores: Tensor = self.readout(self.blocks(self.embedding(tokens) + self.places)[:, -1])
        return scores
