"""Initial weights from a file of named tensors: a checkpoint, or any safetensors file."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn

from grokterm.errors import ConfigError
from grokterm.experiment.architectures.initial import InitialWeights
from grokterm.experiment.reading.files import is_file, read_file

PREFIXES = ("weights.", "member-0000.weights.")
"""What stands before the names of weights in a checkpoint, of an ensemble of those of its first member."""


@torch.no_grad()
def start_from(network: nn.Module, settings: InitialWeights) -> None:
    """Give a network the weights of the file that its settings name, in its own precision.

    Raises:
        ConfigError: if the file cannot be read, or a weight is missing, unknown, not finite or of another shape.
    """
    if not is_file("model", "start_from", settings.start_from):
        raise ConfigError(
            f"model.start_from must name a .safetensors file here, not {settings.start_from!r}: only a new run finds other runs"
        )
    given = _weights(settings)
    names = ", ".join(sorted(given)) or "no weights"
    for name, weight in network.named_parameters():
        if name not in given:
            raise ConfigError(f"model.start_from has no {name}, of {_shape(weight)}, only {names}")
        if given[name].shape != weight.shape:
            raise ConfigError(f"model.start_from: {name} is of {_shape(given[name])}, and this network has {_shape(weight)}")
        if not given[name].is_floating_point():
            raise ConfigError(f"model.start_from: {name} holds {str(given[name].dtype).removeprefix('torch.')}, not floats")
        if not given[name].isfinite().all():
            raise ConfigError(f"model.start_from: {name} holds numbers that are not finite: choose another file or step")
        weight.copy_(given.pop(name))
    if given:
        raise ConfigError(f"model.start_from has {min(given)}, which this network lacks")


def _weights(settings: InitialWeights) -> dict[str, Tensor]:
    """Read the tensors by the names of parameters; of a checkpoint only the weights."""
    file = read_file("model", "start_from", settings.start_from, settings.start_from_sha256)
    try:
        tensors = load(file.content)
    except SafetensorError as error:
        raise ConfigError(f"model.start_from: {file.path} is not a file of tensors: {error}") from None
    for prefix in PREFIXES:
        if weights := {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}:
            return weights
    return tensors


def _shape(tensor: Tensor) -> str:
    return " × ".join(map(str, tensor.shape)) or "one number"
