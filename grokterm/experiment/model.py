"""The settings of every architecture, as one union.

To add one: a file in `architectures`, a name in MODELS and in the union, a file and a row in `grokterm.models`.
"""

from typing import Annotated

from pydantic import Discriminator

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.architectures.transformer import TransformerModel

Model = Annotated[
    MLPModel | EmbeddingMLPModel | LSTMModel | TransformerModel | MixtureModel | KernelModel, Discriminator("architecture")
]
MODELS = (MLPModel, EmbeddingMLPModel, LSTMModel, TransformerModel, MixtureModel, KernelModel)
