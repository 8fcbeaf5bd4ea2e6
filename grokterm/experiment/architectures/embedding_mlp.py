"""The settings of the multilayer perceptron over embedded tokens."""

from typing import Literal

from pydantic import Field

from grokterm.experiment.architectures.tokens import TokenModel


class EmbeddingMLPModel(TokenModel):
    """A ReLU MLP over the concatenated embeddings of a op b =, with torch's initial weights (the efficiency report's)."""

    architecture: Literal["embedding_mlp"] = "embedding_mlp"
    """The kind of network."""

    d_model: int = Field(128, ge=1, le=4096)
    """Size of a token's embedding."""

    width: int = Field(256, ge=1, le=65536)
    """Neurons per hidden layer."""

    depth: int = Field(2, ge=1, le=4)
    """Number of hidden layers."""

    @property
    def prompt(self) -> str:
        """The input tokens, as a template."""
        return "a op b ="

    @property
    def label(self) -> str:
        """The network in a few words."""
        return f"{self.architecture} {self.d_model}, {' × '.join([str(self.width)] * self.depth)}"
