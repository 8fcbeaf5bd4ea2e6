"""Networks over tokens, small enough to be computed by hand."""

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.models.embedding_mlp import EmbeddingMLP
from grokterm.models.lstm import LSTM
from grokterm.models.sequences import TokenNetwork
from grokterm.models.transformer import Transformer
from grokterm.tasks.equations import Equations

P = 5

BOTH: dict[str, Any] = {"sequence": "<eos> a op b = c <eos>", "scored": "answer_and_eos"}
FORMATS: dict[str, dict[str, Any]] = {
    "operands": {"sequence": "a b"},
    "short": {},
    "long": {"sequence": "<eos> a op b = c <eos>"},
    "both": BOTH,
    "roomy": {**BOTH, "vocabulary": 13},
}
"""Ways to write an equation."""


def transformer(modulus: int = P, seed: int = 0, **settings: Any) -> Transformer:  # noqa: ANN401 - whatever the settings take
    return Transformer(TransformerModel(**{"d_model": 12, "n_heads": 3, "d_mlp": 10} | settings), modulus, seed)


def lstm(modulus: int = P, seed: int = 0, **settings: Any) -> LSTM:  # noqa: ANN401 - whatever the settings take
    return LSTM(LSTMModel(**{"d_model": 6} | settings), modulus, seed)


def embedding_mlp(modulus: int = P, seed: int = 0, **settings: Any) -> EmbeddingMLP:  # noqa: ANN401 - whatever the settings take
    return EmbeddingMLP(EmbeddingMLPModel(**{"d_model": 6, "width": 8} | settings), modulus, seed)


NETWORKS: dict[str, Callable[..., TokenNetwork]] = {
    "transformer": transformer,
    "transformer pre": lambda **settings: transformer(norm="pre", n_layers=2, **settings),
    "transformer post": lambda **settings: transformer(
        norm="post", n_layers=2, positions="sinusoidal", biases=False, **settings
    ),
    "transformer both": lambda **settings: transformer(n_layers=2, **BOTH, **settings),
    "lstm": lstm,
    "lstm both": lambda **settings: lstm(**BOTH, **settings),
    "embedding_mlp": embedding_mlp,
}
"""One of every kind, by name."""


def equations(modulus: int = P) -> Equations:
    """List a + b mod p."""
    operands = np.array(list(product(range(modulus), repeat=2)))
    return Equations(operands, operands.sum(axis=1) % modulus)
