"""The settings of the LSTM."""

from typing import Literal

from pydantic import Field

from grokterm.experiment.architectures.tokens import SequenceModel


class LSTMModel(SequenceModel):
    """An LSTM over the tokens of an equation, with torch's initial weights (the efficiency report's)."""

    architecture: Literal["lstm"] = "lstm"
    """The kind of network."""

    n_layers: int = Field(2, ge=1, le=8)
    """Number of stacked LSTM layers."""

    d_model: int = Field(128, ge=1, le=4096)
    """Size of a token's embedding, and of each layer's state."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout probability between layers."""

    @property
    def label(self) -> str:
        """The network in a few words."""
        return f"{self.architecture} {self.n_layers} × {self.d_model}"
