"""The settings of the transformer."""

from typing import Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.architectures.tokens import SequenceModel


class TransformerModel(SequenceModel):
    """A causal decoder. The defaults are Nanda's (2023); the efficiency report's is post-norm, sinusoidal, without biases."""

    architecture: Literal["transformer"] = "transformer"
    """The kind of network."""

    n_layers: int = Field(1, ge=1, le=8)
    """Number of blocks, each attention and an MLP."""

    d_model: int = Field(128, ge=1, le=4096)
    """Size of the residual stream."""

    n_heads: int = Field(4, ge=1)
    """Attention heads, of d_model / n_heads features each."""

    d_mlp: int = Field(512, ge=1, le=16384)
    """Neurons of each block's MLP."""

    activation: Literal["relu", "gelu"] = "relu"
    """The φ of the MLP."""

    norm: Literal["none", "pre", "post"] = "none"
    """LayerNorm: none (Nanda); pre: before attention, MLP and readout; post: after each residual sum (the report)."""

    positions: Literal["learned", "sinusoidal"] = "learned"
    """Position embedding: learned (Nanda) or sinusoidal (the report)."""

    biases: bool = True
    """Whether the MLP has biases (Nanda); attention and readout have none."""

    initialization: Literal["normal", "torch"] = "normal"
    """normal: N(0, 1/d_model), readout N(0, 1/vocabulary) (Nanda); torch: as nn.Embedding and nn.Linear (the report)."""

    attention_rate: float = Field(1.0, ge=0, le=1)
    """How much of attention is learned: rate · softmax + 1 − rate, at 0 each key's weight is 1 (Zhong, 2023)."""

    dropout: float = Field(0.0, ge=0, lt=1)
    """Dropout probability of each MLP's outputs."""

    @model_validator(mode="after")
    def _heads_divide_model(self) -> Self:
        if self.d_model % self.n_heads:
            raise ValueError(f"n_heads must divide d_model, and {self.d_model} is no multiple of {self.n_heads}")
        return self

    @model_validator(mode="after")
    def _is_drawn_once(self) -> Self:
        if self.init_std != "auto" and self.initialization == "torch":
            raise ValueError(f"init_std {self.init_std:g} replaces initialization torch: leave one out")
        if self.start_from and self.initialization == "torch":
            raise ValueError("start_from brings weights of its own, unlike initialization torch: leave one out")
        return self

    @property
    def label(self) -> str:
        """The network in a few words."""
        norm = "" if self.norm == "none" else f", {self.norm}-norm"
        return f"{self.architecture} {self.n_layers} × {self.d_model}, {self.n_heads} heads, {self.activation}{norm}"
