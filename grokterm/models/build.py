"""The networks, one row each.

To add one: a file, a row here, and its settings in grokterm.experiment.architectures.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch

from grokterm.experiment.architectures.initial import InitialWeights
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.model import Model
from grokterm.models.embedding_mlp import EmbeddingMLP
from grokterm.models.initial import adjust
from grokterm.models.kernel import Kernel
from grokterm.models.lstm import LSTM
from grokterm.models.mixture import Mixture, MixturePart
from grokterm.models.mlp import MLP
from grokterm.models.network import Network
from grokterm.models.starting_weights import start_from
from grokterm.models.transformer import Transformer
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm

ARCHITECTURES: dict[str, Callable[..., Network]] = {
    "mlp": MLP,
    "embedding_mlp": EmbeddingMLP,
    "lstm": LSTM,
    "transformer": Transformer,
    "mixture": Mixture,
    "kernel": Kernel,
}


def network_of(experiment: Experiment, parts: Mapping[str, MixturePart] | None = None) -> Network:
    """Build the network of an experiment on the CPU, in its precision; `parts` are a mixture's trained networks, by role."""
    task, form = experiment.task, experiment.exact_form
    network = build(experiment.model, task.n_elements, experiment.seed, parts, form, n_operands=task.n_operands)
    precision = experiment.training.precision
    return network if precision == "float32" else network.to(getattr(torch, precision))  # a kernel machine stays in float64


def build(  # noqa: PLR0913 - what a network may depend on
    settings: Model,
    n_elements: int,
    seed: int,
    parts: Mapping[str, MixturePart] | None = None,
    form: SumForm | None = None,
    *,
    n_operands: int = 2,
) -> Network:
    """Build a network on the CPU, so that its initial weights are the same for every device.

    `parts`: a mixture's trained networks, by role. `form`: the operation as a sum of terms, for exact initial weights.
    """
    optional: dict[str, Any] = {"parts": parts, "form": form, "n_operands": None if n_operands == 2 else n_operands}
    given = {name: value for name, value in optional.items() if value is not None}
    network = ARCHITECTURES[settings.architecture](settings, n_elements, seed, **given)
    if isinstance(settings, InitialWeights):
        if settings.start_from:
            start_from(network, settings)
        adjust(network, settings, generator(seed, "weights"))
    return network
