"""An ensemble on a CPU: a process for each available core, each with one thread and its share of the members.

Batching small networks into one program gains nothing there; threads of one process would wait for each other.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from grokterm.engines.step import TrainState
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.plugins import plugins_of
from grokterm.inspection.snapshot import Snapshot
from grokterm.models.mixture import MixturePart
from grokterm.models.processor import available_cores
from grokterm.optim.rules import Weights
from grokterm.plugins.registry import check_loaded
from grokterm.tasks.dataset import Dataset
from grokterm.training.ensemble.arrays import to_arrays, to_tensors
from grokterm.training.single import SingleNetwork
from grokterm.training.step_loop import Measured
from grokterm.training.worker_process import WorkerProcess

WORKER = (sys.executable, "-m", "grokterm.training.ensemble.worker")


class ProcessEnsemble:
    """Trains the members of an ensemble side by side; this process has a copy of the first, for snapshots."""

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        *,
        threads: int | None = None,
        parts: Mapping[str, MixturePart] | None = None,
    ) -> None:
        check_loaded(plugins_of(experiment))
        members = experiment.training.members
        self.threads = min(members, experiment.training.fixed_threads or threads or available_cores())
        self._shares = [range(members)[first :: self.threads] for first in range(self.threads)]
        self._workers = [WorkerProcess("trained members of the ensemble", WORKER) for _ in self._shares]
        for worker, share in zip(self._workers, self._shares, strict=True):
            worker.ask(("begin", (experiment, share, parts), {}))
        self._first = SingleNetwork(experiment.member(0), device, threads=1, parts=parts)
        self._inspects = experiment.training.inspect_every > 0
        self.is_intact = True  # whether all members are at this step
        self.engine, self.n_parameters = self._first.engine, self._first.n_parameters
        self.network, self.frozen = self._first.network, self._first.frozen
        for begun in [worker.answer() for worker in self._workers]:
            _checked(begun)

    @property
    def step(self) -> int:
        """Updates made so far."""
        return self._first.step

    @step.setter
    def step(self, step: int) -> None:
        self._first.step = step

    @property
    def weights(self) -> Weights:
        """What is trained in the first member, by name."""
        self._fetch_first()
        return self._first.weights

    @property
    def dataset(self) -> Dataset:
        """What the first member is trained on and measured on now."""
        return self._first.dataset

    @property
    def batch_size(self) -> int:
        """Equations of an update of one member."""
        return self._first.batch_size

    @property
    def advice_on_memory(self) -> str:
        """What to do if a step does not fit in memory."""
        return f"{self._first.advice_on_memory}, or training.members"

    def advance(self, last: int, is_due: Callable[[int], bool]) -> Iterator[Measured]:
        """Make updates of every member up to a step and measure where it is due."""
        due = [step for step in range(self.step, last + 1) if is_due(step)]
        answers = self._ask("advance", last, due, keeping=self._inspects)
        self.step = last
        numbers = self._by_member([answer.numbers for answer in answers])
        for place, step in enumerate(due):
            weights = answers[0].first[place] if self._inspects else {}
            yield Measured(step, torch.from_numpy(numbers[:, place]), _state(weights))

    def measure(self) -> Measured:
        """Measure every side of every member."""
        numbers = self._by_member(self._ask("measure"))
        self._fetch_first()
        return Measured(self.step, torch.from_numpy(numbers), self._first.state)

    def go_back(self, step: int, state: TrainState) -> None:
        """Return to a measurement of the last chunk."""
        del state
        self._ask("go_back", step)
        self.step = step

    def apply_settings(self, experiment: Experiment) -> None:
        """Apply the settings that may change while the training runs."""
        self._first.apply_settings(experiment.member(0))
        self._ask("apply_settings", self.step, experiment)
        self._inspects = experiment.training.inspect_every > 0

    def swap(self, swap: Swap, experiment: Experiment) -> None:
        """Train every member on another dataset; if one refuses it, nothing has changed."""
        self._ask("check", self.step, swap, experiment)
        self._first.swap(swap, experiment.member(0))
        self._ask("swap", self.step, swap, experiment)

    def close(self) -> None:
        """End the processes."""
        for worker in self._workers:
            worker.end()

    def snapshot(self, measured: Measured | None = None) -> Snapshot:
        """Copy the network of the first member, as it is or as it was when it was measured."""
        if measured is None:
            self._fetch_first()
        return self._first.snapshot(measured)

    def tensors(self) -> dict[str, Tensor]:
        """Copy what a checkpoint holds of every member."""
        return {name: value for arrays in self._ask("tensors") for name, value in to_tensors(arrays).items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from the tensors of a checkpoint."""
        self._ask("load", self.step, to_arrays(tensors))

    def _fetch_first(self) -> None:
        """Fetch the weights of the first member from its process."""
        self._workers[0].ask(("first_weights", (), {}))
        self._first.state = _state(_checked(self._workers[0].answer()))

    def _by_member(self, shares: Sequence[np.ndarray]) -> np.ndarray:
        """Put the answers of the workers in the order of the members."""
        everything = np.empty((sum(map(len, shares)), *shares[0].shape[1:]))
        for members, share in zip(self._shares, shares, strict=True):
            everything[members] = share
        return everything

    def _ask(self, name: str, *arguments: Any, **options: Any) -> list[Any]:  # noqa: ANN401 - whatever the method takes
        """Call a method of every group in parallel; an error is raised once all have answered."""
        for worker in self._workers:
            worker.ask((name, arguments, options))
        answers = [worker.answer() for worker in self._workers]
        failures = [answer for answer in answers if isinstance(answer, Exception)]
        if failures and name == "advance":
            self.is_intact = False
            self._ask("go_back", self.step)  # so that all members are at the same step
            self.is_intact = True
        if failures:
            raise failures[0]
        return answers


def _checked(answer: Any) -> Any:  # noqa: ANN401 - whatever a method returns
    if isinstance(answer, Exception):
        raise answer
    return answer


def _state(weights: Mapping[str, np.ndarray]) -> TrainState:
    return TrainState(to_tensors(weights), {})
