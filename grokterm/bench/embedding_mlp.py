"""A perceptron over embeddings without optimizations: every equation's embeddings pass the first layer."""

from itertools import pairwise

from jaxtyping import Float, Int
from torch import Tensor, nn

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.models.network import Network


class PlainEmbeddingMLP(nn.Module):
    """The network of these settings with the weights of `network`."""

    def __init__(self, settings: EmbeddingMLPModel, network: Network) -> None:
        super().__init__()
        weights = dict(network.named_parameters())
        n_tokens, d_model = weights["embedding"].shape
        self.embedding = nn.Embedding(n_tokens, d_model)
        sizes = [weights["first"].shape[0], *[settings.width] * settings.depth]
        hidden = [layer for pair in pairwise(sizes) for layer in (nn.Linear(*pair), nn.ReLU())]
        self.layers = nn.Sequential(*hidden, nn.Linear(settings.width, n_tokens))
        names = ["first", *(f"hidden.{number}" for number in range(settings.depth - 1)), "readout"]
        biases = [name.replace("hidden", "hidden_biases") if "hidden" in name else f"{name}_bias" for name in names]
        state: dict[str, Tensor] = {"embedding.weight": weights["embedding"]}
        for number, (name, bias) in enumerate(zip(names, biases, strict=True)):
            state |= {f"layers.{2 * number}.weight": weights[name].T, f"layers.{2 * number}.bias": weights[bias]}
        self.load_state_dict(state)

    def forward(self, tokens: Int[Tensor, "batch 4"]) -> Float[Tensor, "batch classes"]:
        """Score every token as the answer."""
        scores: Tensor = self.layers(self.embedding(tokens).flatten(1))
        return scores
