"""The settings of every architecture.

To add one: a file in `architectures`, a row in MODELS and in the union, a file and a row in `grokterm.models`.
"""

from typing import Annotated

from grokterm.experiment.architectures.embedding_mlp import EmbeddingMLPModel
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.lstm import LSTMModel
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.architectures.mlp import MLPModel
from grokterm.experiment.architectures.plugin import PluginModel
from grokterm.experiment.architectures.transformer import TransformerModel
from grokterm.experiment.kinds import OneOf

AnyModel = MLPModel | EmbeddingMLPModel | LSTMModel | TransformerModel | MixtureModel | KernelModel | PluginModel

MODELS: list[type[AnyModel]] = [MLPModel, EmbeddingMLPModel, LSTMModel, TransformerModel, MixtureModel, KernelModel]

Model = Annotated[AnyModel, OneOf(MODELS, "architecture")]
