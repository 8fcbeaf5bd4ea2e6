"""A network and what it is fitted to: updates and measurements, nothing of the run around them."""

from collections.abc import Mapping

import torch
from torch import Tensor

from grokterm.engines.batches import Batches, batch_size, to_device
from grokterm.engines.device import choose_threads, describe, minding_memory
from grokterm.engines.measuring import Evaluator
from grokterm.engines.runner import Work
from grokterm.engines.step import TrainState
from grokterm.engines.table import ENGINES, choose_engine
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError, OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.inspection.snapshot import Snapshot, take_snapshot
from grokterm.models.build import build
from grokterm.models.mixture import MixturePart
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Weights
from grokterm.tasks.dataset import Dataset
from grokterm.training.learner import learner_of
from grokterm.training.step_loop import Measured, StepLoop


class SingleNetwork(StepLoop):
    """Weights that follow the settings of an experiment on a dataset, one step at a time."""

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        *,
        threads: int | None = None,
        parts: Mapping[str, MixturePart] | None = None,
    ) -> None:
        torch.set_num_threads(1)  # here and in the thread that trains: the pool's threads are enough
        self.step = 0
        self.device = device
        self.engine = choose_engine(experiment, device)
        settings, modulus, form = experiment.model, experiment.task.modulus, experiment.exact_form
        self.network = build(settings, modulus, experiment.seed, parts, form).to(device)
        parameters = {name: parameter.detach().clone() for name, parameter in self.network.named_parameters()}
        weights: Weights = {name: value for name, value in parameters.items() if name not in self.network.frozen}
        self.frozen: Weights = {name: value for name, value in parameters.items() if name in self.network.frozen}
        self.n_parameters = sum(value.numel() for value in parameters.values())
        dataset = experiment.task.dataset(experiment.seed)
        self.threads = threads or choose_threads(len(dataset.train), self.n_parameters * self.network.positions)
        self._pool = ThreadPool(self.network, self.threads if device.type == "cpu" else 1)
        self._calculus = ENGINES[self.engine].calculus(experiment, self._pool, self.frozen)
        self._learner = learner_of(experiment, self._pool, self._calculus, weights)
        self.state = self._packed(weights, self._learner.begin(weights))
        self._learn_from(dataset, experiment)

    @property
    def weights(self) -> Weights:
        """What is trained, by name."""
        return self._learner.flat.unpack(self.state.weights)

    @property
    def optimizer_state(self) -> OptimizerState:
        """What the optimizer remembers, by name."""
        return self._learner.flat.unpack_state(self.state.optimizer_state)

    def apply_settings(self, experiment: Experiment) -> None:
        """Take over the settings of the optimizer; weights and memory stay."""
        weights, optimizer_state = self.weights, self.optimizer_state
        self._learner = learner_of(experiment, self._pool, self._calculus, weights)
        self._begin_at(weights, optimizer_state)

    def swap(self, swap: Swap, experiment: Experiment) -> None:
        """Train on another dataset; where that cannot be, nothing has changed.

        Raises:
            ConfigError: if there is no such dataset, or not enough optimizer_state.
        """
        dataset = self.dataset_after(swap, experiment)
        try:
            with minding_memory():
                self._learn_from(dataset, experiment)
        except OutOfMemoryError:
            raise ConfigError(f"{describe(self.device)} has not enough memory for {len(dataset.train):,} equations") from None

    def dataset_after(self, swap: Swap, experiment: Experiment) -> Dataset:
        """Return what a swap leads to.

        Raises:
            ConfigError: if there is no such dataset, or the network cannot learn from it.
        """
        dataset = swap.applied(self.dataset)
        experiment.check_training_set(len(dataset.train))
        return dataset

    @property
    def scores_training_set(self) -> bool:
        """An update scores the whole training set as a measurement does."""
        return self._learner.measures and self._batches.is_whole

    def update(self, *, measuring: bool = False) -> Tensor | None:
        """Make the update that follows this step; return, if asked, loss and accuracy of its batch before it."""
        rng = StepRng(self._seed, self.step, self.device)
        self.state, numbers = self._runner.update(self.state, self._batches, rng, measuring=measuring)
        self.step += 1
        return numbers

    def numbers(self, *, val_only: bool = False) -> Tensor:
        """Measure both sides, without leaving the device; those of the training set come first."""
        return self._runner.measure(self.state, val_only=val_only)

    def close(self) -> None:
        """There are no processes."""

    def copy_state(self) -> TrainState:
        """Return the state as it is, which no later step overwrites."""
        return self._runner.copy_state(self.state)

    def snapshot(self, measured: Measured | None = None) -> Snapshot:
        """Copy the network to the host, as it is or as it was when it was measured."""
        step, state = (self.step, self.state) if measured is None else (measured.step, measured.state)
        parameters = self._measuring.parameters(state)
        return take_snapshot(step, self.network, parameters, self._measuring.statistics(parameters), self.dataset)

    @property
    def advice_on_memory(self) -> str:
        """What to do where a step does not fit."""
        return (
            f"{describe(self.device)} has not enough memory for a step of {self.batch_size:,} equations:"
            " lower optimizer.batch_size, the width of the network or task.modulus"
        )

    def tensors(self) -> dict[str, Tensor]:
        """Copy the weights and what the optimizer remembers, by a flat name, for a checkpoint."""
        weights = {f"weights.{name}": value.clone() for name, value in (self.frozen | self.weights).items()}
        return weights | {f"memory.{name}": value.clone() for name, value in self.optimizer_state.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over the tensors of a checkpoint."""
        # Copied, because a file's tensors lie at any address, and kernels round differently where memory is not aligned.
        here = {name: value.to(self.device, copy=True) for name, value in tensors.items()}
        self.frozen.update({name: here[f"weights.{name}"] for name in self.frozen})
        self._begin_at(
            {name: here[f"weights.{name}"] for name in self.weights},
            {name: here[f"memory.{name}"] for name in self.optimizer_state},
        )

    def _learn_from(self, dataset: Dataset, experiment: Experiment) -> None:
        """Exchange both sides; epochs are counted from this step on."""
        rows = self._calculus.block_rows
        train, val = (to_device(side, self.network, self.device, rows) for side in (dataset.train, dataset.val))
        weights, optimizer_state = self._learner.on_new_training_set(self.weights, train), self.optimizer_state
        self.dataset, self._train, self._val, self._seed = dataset, train, val, experiment.seed
        self.batch_size = batch_size(experiment.batch_limit, experiment.optimizer.batch_share, len(train))
        self._batches = Batches(train, self.batch_size, seed=self._seed, first_step=self.step)
        self._begin_at(weights, optimizer_state)

    def _begin_at(self, weights: Weights, optimizer_state: OptimizerState) -> None:
        """Take over weights and optimizer_state, and forget how steps were run before."""
        self.state = self._packed(weights, optimizer_state)
        learner = self._learner
        self._measuring = Evaluator(self._calculus, learner.flat, self._pool, self.frozen, self._train, self._val)
        self._runner = ENGINES[self.engine].runner(
            Work(learner.step, self._measuring, learner.step_invariant_from), self.device
        )

    def _packed(self, weights: Weights, optimizer_state: OptimizerState) -> TrainState:
        flat = self._learner.flat
        return TrainState(flat.pack(weights), flat.pack_state(optimizer_state))
