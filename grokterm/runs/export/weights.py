"""The weights of a run's networks at a step: every parameter, and what batch normalization takes from the training set."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import torch
from safetensors.torch import save
from torch import Tensor

from grokterm.runs.branching import find_step
from grokterm.runs.export.measured import seeds_of
from grokterm.runs.export.source import Source, beside

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment
    from grokterm.models.network import Network


class Weights(NamedTuple):
    """A network at a step, on the CPU."""

    run: str
    step: int
    experiment: "Experiment"
    """Its settings at that step, of an ensemble those of the member."""

    network: "Network"
    tensors: dict[str, Tensor]
    """By the names of `grokterm help layout`."""


def write_safetensors(source: Source, path: Path) -> None:
    """Write weights as safetensors, with run, step and settings as metadata."""

    def content(weights: Weights) -> bytes:
        settings = json.dumps(weights.experiment.settings())
        return save(weights.tensors, {"format": "pt", "run": weights.run, "step": str(weights.step), "settings": settings})

    write_each(source, path, lambda weights, file: file.write_bytes(content(weights)))


def write_state_dict(source: Source, path: Path) -> None:
    """Write weights as `torch.save` does, for `torch.load` with `weights_only=True`."""
    write_each(source, path, lambda weights, file: torch.save(weights.tensors, file))


def write_each(source: Source, path: Path, write: Callable[[Weights, Path], object]) -> None:
    """Write the network of a run, or of an ensemble a file for each: `quick-seed-0.pt`.

    Raises:
        ConfigError: if the run has not come to the step.
        CheckpointError: if the run cannot be read.
    """
    run, step, seeds = source.run, find_step(source.run, source.step), seeds_of(source.run)
    for number, seed in enumerate(seeds):
        trainer = source.replay(run, step, number)
        tensors = {name: value.cpu() for name, value in trainer.tensors().items()}
        named = {name.removeprefix("weights."): value for name, value in tensors.items() if name.startswith("weights.")}
        statistics = {name: torch.from_numpy(value) for name, value in trainer.snapshot().statistics.items()}
        found = Weights(run.name, step, trainer.experiment, trainer.trainable.network, named | statistics)
        write(found, path if len(seeds) == 1 else beside(path, f"seed-{seed}"))
