"""One network in training: its updates and measurements, nothing of the run around them."""

from collections.abc import Mapping

import torch
from torch import Tensor

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.engines.batches import Batches, batch_size, to_device
from grokterm.engines.cuda_graph import CudaGraphs
from grokterm.engines.device import choose_threads, describe, minding_the_device
from grokterm.engines.evaluation import Evaluator
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.step import GradientStep, TrainState, TrainStep
from grokterm.engines.table import ENGINES, choose_engine
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError, OutOfMemoryError
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.inspection.snapshot import Snapshot, take_snapshot
from grokterm.models.build import network_of
from grokterm.models.mixture import MixturePart
from grokterm.optim.flat import FlatParameters
from grokterm.optim.groups import check_groups
from grokterm.optim.modifiers import average_of, rule_of
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Weights, copies
from grokterm.tasks.dataset import Dataset
from grokterm.training.rfm import FeatureMachine
from grokterm.training.step_loop import Measured, StepLoop, further_advice_on_memory


class SingleNetwork(StepLoop):
    """Trains one network on a dataset by the settings of an experiment, one step at a time."""

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        *,
        threads: int | None = None,
        parts: Mapping[str, MixturePart] | None = None,
    ) -> None:
        self.step = 0
        self.device = device
        self._precision = experiment.training.precision
        self.engine = choose_engine(experiment, device)
        self.network = network_of(experiment, parts).to(device)
        """Its structure. The weights are in `state`; the network's own are whichever were used last."""

        parameters = {name: parameter.detach().clone() for name, parameter in self.network.named_parameters()}
        weights: Weights = {name: value for name, value in parameters.items() if name not in self.network.frozen}
        self.frozen: Weights = {name: value for name, value in parameters.items() if name in self.network.frozen}
        self.n_parameters = sum(value.numel() for value in parameters.values())
        dataset = experiment.task.dataset(experiment.seed)
        fixed = experiment.training.fixed_threads
        self.threads = fixed or threads or choose_threads(len(dataset.train), self.n_parameters * self.network.n_positions)
        self._pool = ThreadPool(self.network, self.threads if device.type == "cpu" else 1, fixed=fixed is not None)
        self._backend = ENGINES[self.engine].backend(experiment, self._pool, self.frozen)
        self._step = _step_of(experiment, self._pool, self._backend, weights)
        self.state = self._packed(weights, self._step.begin(weights))
        self._learn_from(dataset, experiment)
        self._swapped_at = 0

    @property
    def weights(self) -> Weights:
        """What is trained, by name."""
        return self._step.flat.unpack(self.state.weights)

    @property
    def optimizer_state(self) -> OptimizerState:
        """The optimizer state, by name."""
        return self._step.flat.unpack_state(self.state.optimizer_state)

    def apply_settings(self, experiment: Experiment) -> None:
        """Apply changed settings; weights and optimizer state stay. Other answers or batches begin an epoch.

        Raises:
            ConfigError: if there is not enough memory; nothing has changed then.
        """
        dataset = self.dataset.with_label_noise(experiment.task.label_noise)
        if dataset is not self.dataset or _batch_size(experiment, dataset) != self.batch_size:
            self._exchange(dataset, experiment)
        # Copied, because another rule may want single tensors, and parts of one vector would round unlike a resumed run.
        weights, optimizer_state = copies(self.weights), copies(self.optimizer_state)
        self._step = _step_of(experiment, self._pool, self._backend, weights)
        self._begin_at(weights, optimizer_state)

    def swap(self, swap: Swap, experiment: Experiment) -> None:
        """Train on another dataset; if that is refused, nothing has changed.

        Raises:
            ConfigError: if there is no such dataset, or not enough memory.
        """
        self._exchange(self.dataset_after(swap, experiment), experiment)
        self._swapped_at = self.step

    def _exchange(self, dataset: Dataset, experiment: Experiment) -> None:
        try:
            with minding_the_device():
                self._learn_from(dataset, experiment)
        except OutOfMemoryError:
            raise ConfigError(f"{describe(self.device)} has not enough memory for {len(dataset.train):,} equations") from None

    def dataset_after(self, swap: Swap, experiment: Experiment) -> Dataset:
        """Return the dataset after a swap.

        Raises:
            ConfigError: if there is no such dataset, or the network cannot learn from it.
        """
        dataset = swap.applied(self.dataset, was_used=self.step > self._swapped_at)
        experiment.check_training_set(len(dataset.train))
        return dataset

    @property
    def scores_training_set(self) -> bool:
        """Whether an update scores the whole training set as a measurement does."""
        return self._step.scores_batch and self._batches.is_whole

    def update(self, *, measuring: bool = False) -> Tensor | None:
        """Make the update that follows this step; return, if asked, loss and accuracy of its batch before it."""
        rng = StepRng(self._seed, self.step, self.device)
        if self._graphs:
            self.state, numbers = self._graphs.update(self.state, self._batches, rng, measuring=measuring)
        else:
            self.state, numbers = self._step(self.state, self._batches.at(self.step), rng, measuring=measuring)
        self.step += 1
        return numbers

    def numbers(self, *, held_out_only: bool = False) -> Tensor:
        """Measure every side, without leaving the device: training, validation, and `seen` if there is any."""
        if self._graphs:
            return self._graphs.measure(self.state, held_out_only=held_out_only)
        return self._measured_under(self.state.weights, self.state.optimizer_state, held_out_only=held_out_only)

    def close(self) -> None:
        """Do nothing: there are no processes."""

    def snapshot(self, measured: Measured | None = None) -> Snapshot:
        """Copy the network to the host, as it is or as it was when it was measured."""
        step, state = (self.step, self.state) if measured is None else (measured.step, measured.state)
        parameters = self._parameters(state.weights)
        return take_snapshot(step, self.network, parameters, self._evaluator.statistics(parameters), self.dataset)

    @property
    def advice_on_memory(self) -> str:
        """What to do if a step does not fit in memory."""
        return (
            f"{describe(self.device)} has not enough memory for a step of {self.batch_size:,} equations:"
            " lower optimizer.batch_size, the width of the network or task.modulus"
            f"{further_advice_on_memory(self.device, self._precision)}"
        )

    def tensors(self) -> dict[str, Tensor]:
        """Copy weights and optimizer state, by the names of a checkpoint."""
        weights = {f"weights.{name}": value.clone() for name, value in (self.frozen | self.weights).items()}
        return weights | {f"memory.{name}": value.clone() for name, value in self.optimizer_state.items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from the tensors of a checkpoint."""
        # Copied, because the tensors of a file may be unaligned, where kernels round differently.
        here = {name: value.to(self.device, copy=True) for name, value in tensors.items()}
        self.frozen.update({name: here[f"weights.{name}"] for name in self.frozen})
        self._begin_at(
            {name: here[f"weights.{name}"] for name in self.weights},
            {name: here[f"memory.{name}"] for name in self.optimizer_state},
        )

    @steady_arithmetic()
    def _learn_from(self, dataset: Dataset, experiment: Experiment) -> None:
        """Exchange all sides; epochs count from this step on."""
        rows = self._backend.block_rows
        train, *held_out = (to_device(side, self.network, self.device, rows) for side in (dataset.train, *dataset.held_out))
        weights, optimizer_state = self._step.on_new_training_set(self.weights, train), self.optimizer_state
        self.dataset, self._train, self._held_out, self._seed = dataset, train, held_out, experiment.seed
        self.batch_size = _batch_size(experiment, dataset)
        self._batches = Batches(train, self.batch_size, seed=self._seed, first_step=self.step)
        self._begin_at(weights, optimizer_state)

    def _begin_at(self, weights: Weights, optimizer_state: OptimizerState) -> None:
        """Start from weights and optimizer state, and drop captured graphs."""
        self.state = self._packed(weights, optimizer_state)
        self._evaluator = Evaluator(self._backend, self.network, self._train, self._held_out)
        replays = ENGINES[self.engine].replays_graphs(self.device)
        self._graphs = CudaGraphs(self._step, self._measured_under, self.device) if replays else None

    def _packed(self, weights: Weights, optimizer_state: OptimizerState) -> TrainState:
        flat = self._step.flat
        return TrainState(flat.pack(weights), flat.pack_state(optimizer_state))

    def _parameters(self, weights: Weights) -> Weights:
        """Return all parameters by name, those that are frozen too."""
        return self.frozen | self._step.flat.unpack(weights)

    def _measured_under(self, weights: Weights, optimizer_state: OptimizerState, *, held_out_only: bool = False) -> Tensor:
        average = average_of(optimizer_state)
        averaged = self._parameters(average) if average else {}
        return self._evaluator(self._parameters(weights), averaged, held_out_only=held_out_only)


def _batch_size(experiment: Experiment, dataset: Dataset) -> int:
    return batch_size(experiment.batch_limit, experiment.optimizer.batch_share, len(dataset.train))


def _step_of(experiment: Experiment, pool: ThreadPool, backend: GradientBackend, weights: Weights) -> TrainStep:
    """Make the step of an experiment, for weights of these shapes."""
    optimizer = experiment.scheduled.optimizer
    if isinstance(optimizer, RecursiveFeatures):
        assert isinstance(experiment.model, KernelModel)
        return FeatureMachine(pool, experiment.model, optimizer, FlatParameters(weights, as_one=False))
    check_groups(optimizer, weights, pool.network.hidden_matrices)
    rule, noise = rule_of(optimizer, pool.network.hidden_matrices), optimizer.weight_noise
    flat = FlatParameters(weights, as_one=not rule.by_tensor)
    return GradientStep(backend, rule, flat, noise, scores_batch=not noise and not pool.network.trains_differently)
