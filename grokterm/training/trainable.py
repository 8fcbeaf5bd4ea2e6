"""What a trainer can train: one network, or an ensemble."""

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from grokterm.engines.step import TrainState
from grokterm.engines.table import choose_engine
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.mixture import MixturePart
from grokterm.models.network import Network
from grokterm.optim.rules import Weights
from grokterm.tasks.dataset import Dataset
from grokterm.training.ensemble.processes import ProcessEnsemble
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.single import SingleNetwork
from grokterm.training.step_loop import Measured


@runtime_checkable
class Trainable(Protocol):
    """One network or an ensemble in training; single values are those of the first member."""

    step: int
    engine: str
    threads: int
    n_parameters: int
    network: Network

    @property
    def weights(self) -> Weights:
        """What is trained, by name."""
        ...

    @property
    def frozen(self) -> Weights:
        """What is not trained, by name."""
        ...

    @property
    def dataset(self) -> Dataset:
        """What is trained on and measured now."""
        ...

    @property
    def batch_size(self) -> int:
        """Equations of an update."""
        ...

    @property
    def advice_on_memory(self) -> str:
        """What to do if a step does not fit in memory."""
        ...

    def advance(self, last: int, is_due: Callable[[int], bool]) -> Iterator[Measured]:
        """Make updates up to a step and measure where it is due."""
        ...

    def update(self) -> object:
        """Make the update that follows this step."""
        ...

    def measure(self) -> Measured:
        """Measure both sides."""
        ...

    def go_back(self, step: int, state: TrainState) -> None:
        """Return to a measurement of the last chunk."""
        ...

    def apply_settings(self, experiment: Experiment) -> None:
        """Apply the settings that may change while the training runs."""
        ...

    def swap(self, swap: Swap, experiment: Experiment) -> None:
        """Train on another dataset; if that is refused, nothing has changed."""
        ...

    def close(self) -> None:
        """End the processes that train, if there are any."""
        ...

    def snapshot(self, measured: Measured | None = None) -> Snapshot:
        """Copy the network to the host, as it is or as it was when it was measured."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """Copy what a checkpoint holds."""
        ...

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the tensors of a checkpoint."""
        ...


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
