"""The networks, one row each.

To add one: a file, a row here, and its settings in grokterm.experiment.architectures.
"""

from collections.abc import Callable, Mapping
from typing import Any

from grokterm.experiment.model import Model
from grokterm.models.embedding_mlp import EmbeddingMLP
from grokterm.models.kernel import Kernel
from grokterm.models.lstm import LSTM
from grokterm.models.mixture import Mixture, MixturePart
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.models.transformer import Transformer
from grokterm.tasks.sum_forms import SumForm

ARCHITECTURES: dict[str, Callable[..., Network]] = {
    "mlp": MLP,
    "embedding_mlp": EmbeddingMLP,
    "lstm": LSTM,
    "transformer": Transformer,
    "mixture": Mixture,
    "kernel": Kernel,
}


def build(
    settings: Model, modulus: int, seed: int, parts: Mapping[str, MixturePart] | None = None, form: SumForm | None = None
) -> Network:
    """Build a network with its initial weights, made on the host so that they are the same on every device.

    A mixture is made of parts that have been trained before, by their role; exact weights need the sum that they solve.
    """
    given: dict[str, Any] = {"parts": parts, "form": form}
    needed = {name: value for name, value in given.items() if value is not None}
    return ARCHITECTURES[settings.architecture](settings, modulus, seed, **needed)
