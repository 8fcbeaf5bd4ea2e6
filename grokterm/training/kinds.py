"""What a trainer can train: one network, or an ensemble, whose single values are those of its first member."""

from collections.abc import Mapping
from typing import TypeAlias

import torch

from grokterm.engines.table import choose_engine
from grokterm.experiment.experiment import Experiment
from grokterm.models.mixture import MixturePart
from grokterm.training.ensemble.processes import ProcessEnsemble
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.single import SingleNetwork

Trainable: TypeAlias = SingleNetwork | ProcessEnsemble | VmappedEnsemble


def make_trainable(
    experiment: Experiment,
    device: torch.device,
    *,
    threads: int | None = None,
    parts: Mapping[str, MixturePart] | None = None,
) -> Trainable:
    """Make the network or ensemble of an experiment.

    Raises:
        ConfigError: if its engine cannot run it here.
    """
    choose_engine(experiment, device)  # refuses an ensemble that this engine cannot train
    if experiment.training.members == 1:
        return SingleNetwork(experiment, device, threads=threads, parts=parts)
    kind = ProcessEnsemble if device.type == "cpu" else VmappedEnsemble
    return kind(experiment, device, threads=threads, parts=parts)
