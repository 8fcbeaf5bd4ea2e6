"""A transformer as one writes it at first: every token of every equation, at every position, through every layer."""

from math import sqrt

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.network import Network


class PlainBlock(nn.Module):
    """Causal attention and an MLP, each added to what was there."""

    def __init__(self, settings: TransformerModel) -> None:
        super().__init__()
        d_model, d_mlp = settings.d_model, settings.d_mlp
        self.n_heads, self.activation = settings.n_heads, ACTIVATIONS[settings.activation]
        self.query, self.key, self.value, self.output = (nn.Linear(d_model, d_model, bias=False) for _ in range(4))
        self.mlp_in = nn.Linear(d_model, d_mlp, bias=settings.biases)
        self.mlp_out = nn.Linear(d_mlp, d_model, bias=settings.biases)

    def forward(self, stream: Float[Tensor, "batch tokens features"]) -> Float[Tensor, "batch tokens features"]:
        """Work out every position."""
        q, k, v = (
            layer(stream).unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        alike = q @ k.transpose(-2, -1) / sqrt(k.shape[-1])
        later = torch.ones(alike.shape[-2:], dtype=torch.bool, device=alike.device).triu(diagonal=1)
        pattern = alike.masked_fill(later, -torch.inf).softmax(dim=-1)
        stream = stream + self.output((pattern @ v).transpose(1, 2).flatten(-2))
        changed: Tensor = stream + self.mlp_out(self.activation(self.mlp_in(stream)))
        return changed


class PlainTransformer(nn.Module):
    """The network of these settings with the weights of `network`; only the last position is read out."""

    def __init__(self, settings: TransformerModel, network: Network) -> None:
        super().__init__()
        weights = dict(network.named_parameters())
        n_tokens, d_model = weights["embedding"].shape
        self.embedding = nn.Embedding(n_tokens, d_model)
        self.places = nn.Parameter(torch.empty_like(weights["places"]))
        self.blocks = nn.Sequential(*(PlainBlock(settings) for _ in range(settings.n_layers)))
        self.readout = nn.Linear(d_model, n_tokens, bias=False)
        self.load_state_dict(_as_torch_names_them(weights))

    def forward(self, tokens: Int[Tensor, "batch tokens"]) -> Float[Tensor, "batch classes"]:
        """Score every token as what comes next."""
        scores: Tensor = self.readout(self.blocks(self.embedding(tokens) + self.places)[:, -1])
        return scores


def _as_torch_names_them(weights: dict[str, nn.Parameter]) -> dict[str, Tensor]:
    named: dict[str, Tensor] = {"places": weights["places"], "embedding.weight": weights["embedding"]}
    for name in weights.keys() - {"places", "embedding"}:
        if name.endswith("_bias"):
            named[f"{name.removesuffix('_bias')}.bias"] = weights[name]
        else:
            named[f"{name}.weight"] = weights[name].T  # nn.Linear keeps a row for each output
    return named
