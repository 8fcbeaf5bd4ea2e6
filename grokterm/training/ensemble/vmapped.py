"""An ensemble on a GPU: one batched program, in which a step is made for all members at once, by CUDA graphs if they suit."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import nan

import torch
from torch import Tensor

from grokterm.engines.batches import batch_size, to_device
from grokterm.engines.cuda_graph import CudaGraphs
from grokterm.engines.device import describe, minding_the_device
from grokterm.engines.evaluation import parameter_norm
from grokterm.engines.step import TrainState
from grokterm.engines.table import ENGINES, choose_engine
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
from grokterm.optim.losses import loss_of
from grokterm.optim.modifiers import average_of, rule_of
from grokterm.optim.rules import OptimizerState, Weights, copies
from grokterm.tasks.dataset import Dataset
from grokterm.tasks.equations import Equations
from grokterm.training.ensemble.batches import StackedBatches
from grokterm.training.ensemble.equations import StackedEquations, stacked
from grokterm.training.ensemble.gradient import StackedGradient, statistics_under
from grokterm.training.ensemble.naming import prefix_of, with_member
from grokterm.training.ensemble.rng import StackedStepRng
from grokterm.training.ensemble.step import StackedStep
from grokterm.training.step_loop import Measured, StepLoop, further_advice_on_memory


class VmappedEnsemble(StepLoop):
    """Trains all members as one program, their weights and optimizer states stacked; each equals its solo run to rounding.

    Except dropout with training sets of unequal size: its masks are drawn for the longest.

    Raises:
        ConfigError: if networks of this kind cannot be trained so.
    """

    threads = 1

    def __init__(
        self,
        experiment: Experiment,
        device: torch.device,
        *,
        threads: int | None = None,
        parts: Mapping[str, MixturePart] | None = None,
    ) -> None:
        del threads
        if isinstance(experiment.model, KernelModel):
            raise ConfigError(
                f"training.members {experiment.training.members}: model.architecture kernel solves for one network at a time on"
                f" {device.type}: set device=cpu, or training.members=1"
            )
        self.step = 0
        self.device = device
        self._precision = experiment.training.precision
        self.engine = choose_engine(experiment, device)
        members = [experiment.member(number) for number in range(experiment.training.members)]
        self._seeds = range(experiment.seed, experiment.seed + len(members))
        networks = [network_of(one, parts) for one in members]
        self.network = networks[0].to(device)
        parameters = _stacked([dict(network.named_parameters()) for network in networks], device)
        weights: Weights = {name: value for name, value in parameters.items() if name not in self.network.frozen}
        self._frozen: Weights = {name: value for name, value in parameters.items() if name in self.network.frozen}
        self.n_parameters = sum(value[0].numel() for value in parameters.values())
        self._all = torch.arange(len(members), device=device)
        self._prepare(experiment, _first(weights))
        # Copied, because vmap returns one value for all members where it does not depend on them.
        self.state = self._packed(weights, torch.vmap(self._rule.begin)(weights)).copy()
        self._learn_from([one.task.dataset(one.seed) for one in members], experiment)
        self._swapped_at = 0

    @property
    def weights(self) -> Weights:
        """What is trained in the first member, by name."""
        return _first(self._weights)

    @property
    def frozen(self) -> Weights:
        """What is not trained in the first member."""
        return _first(self._frozen)

    @property
    def dataset(self) -> Dataset:
        """What the first member is trained on and measured on now."""
        return self._datasets[0]

    @property
    def batch_size(self) -> int:
        """Equations of an update of one member."""
        return self._batch_sizes[0]

    @property
    def advice_on_memory(self) -> str:
        """What to do if a step does not fit in memory."""
        return (
            f"{describe(self.device)} has not enough memory for a step of {len(self._seeds):,} members with"
            f" {self.batch_size:,} equations each: lower training.members, optimizer.batch_size, the width of the network or"
            f" task.modulus{further_advice_on_memory(self.device, self._precision)}"
        )

    @property
    def scores_training_set(self) -> bool:
        """Whether an update scores the training set of every member as a measurement does."""
        return self._measures and self._batches.is_whole

    def update(self, *, measuring: bool = False) -> Tensor | None:
        """Make the update that follows this step; return, if asked, losses and accuracies of the batches before it."""
        rng = StackedStepRng(self._seeds.start, self.step, self.device, self._seeds, self._all)
        if self._graphs:
            self.state, numbers = self._graphs.update(self.state, self._batches, rng, measuring=measuring)
        else:
            self.state, numbers = self._step(self.state, self._batches.at(self.step), rng, measuring=measuring)
        self.step += 1
        return numbers

    def numbers(self, *, held_out_only: bool = False) -> Tensor:
        """Measure every side of every member, without leaving the device: training, validation, and `seen` if one has any."""
        if self._graphs:
            return self._graphs.measure(self.state, held_out_only=held_out_only)
        return self._measured_under(self.state.weights, self.state.optimizer_state, held_out_only=held_out_only)

    def apply_settings(self, experiment: Experiment) -> None:
        """Apply changed settings; weights and optimizer states stay. Other answers or batches begin an epoch.

        Raises:
            ConfigError: if there is not enough memory; nothing has changed then.
        """
        datasets = [dataset.with_label_noise(experiment.task.label_noise) for dataset in self._datasets]
        is_noisier = any(new is not old for new, old in zip(datasets, self._datasets, strict=True))
        if is_noisier or _batch_sizes(experiment, datasets) != self._batch_sizes:
            self._exchange(datasets, experiment)
        weights, optimizer_state = copies(self._weights), copies(self._optimizer_state)  # as one network does
        self._prepare(experiment, _first(weights))
        self._begin_at(weights, optimizer_state)

    def swap(self, swap: Swap, experiment: Experiment) -> None:
        """Train every member on another dataset; if that is refused, nothing has changed.

        Raises:
            ConfigError: if there is no such dataset, or not enough memory.
        """
        was_used = self.step > self._swapped_at
        self._exchange([swap.applied(dataset, was_used=was_used) for dataset in self._datasets], experiment)
        self._swapped_at = self.step

    def _exchange(self, datasets: Sequence[Dataset], experiment: Experiment) -> None:
        try:
            with minding_the_device():
                self._learn_from(datasets, experiment)
        except OutOfMemoryError:
            n_train = sum(len(dataset.train) for dataset in datasets)
            raise ConfigError(f"{describe(self.device)} has not enough memory for {n_train:,} equations") from None

    def close(self) -> None:
        """Do nothing: there are no processes."""

    def snapshot(self, measured: Measured | None = None) -> Snapshot:
        """Copy the network of the first member, as it is or as it was when it was measured."""
        step, state = (self.step, self.state) if measured is None else (measured.step, measured.state)
        parameters = self.frozen | self._flat.unpack(_first(state.weights))
        statistics = self._statistics({name: value.unsqueeze(0) for name, value in parameters.items()}, self._train.tokens[:1])
        return take_snapshot(step, self.network, parameters, _first(statistics), self.dataset)

    def tensors(self) -> dict[str, Tensor]:
        """Copy what a checkpoint holds of every member."""
        named = {f"weights.{name}": value for name, value in (self._frozen | self._weights).items()}
        named |= {f"memory.{name}": value for name, value in self._optimizer_state.items()}
        copies: dict[str, Tensor] = {}
        for number in range(len(self._seeds)):
            copies |= with_member(number, {name: value[number].clone() for name, value in named.items()})
        return copies

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Continue from the tensors of a checkpoint."""
        prefixes = [prefix_of(number) for number in range(len(self._seeds))]

        def here(purpose: str, names: Iterable[str]) -> Weights:
            found = [{name: tensors[f"{prefix}{purpose}.{name}"] for name in names} for prefix in prefixes]
            return _stacked(found, self.device)

        self._frozen.update(here("weights", self._frozen))
        self._begin_at(here("weights", self._weights), here("memory", self._optimizer_state))

    @property
    def _weights(self) -> Weights:
        return self._flat.unpack(self.state.weights)

    @property
    def _optimizer_state(self) -> OptimizerState:
        return self._flat.unpack_state(self.state.optimizer_state)

    def _learn_from(self, datasets: Sequence[Dataset], experiment: Experiment) -> None:
        """Exchange all sides of every member; epochs count from this step on."""
        n_train = [len(dataset.train) for dataset in datasets]
        if self.network.normalizes_batches and len(set(n_train)) > 1:
            raise ConfigError(
                f"model.normalization batch of an ensemble on {self.device.type} needs training sets of one size, not"
                f" {min(n_train):,} to {max(n_train):,}: choose another task.split or swap, or set device=cpu"
            )
        have_seen = any(len(dataset.seen) for dataset in datasets)
        names = ("train", "val", "seen") if have_seen else ("train", "val")
        train, *held_out = (self._side([getattr(dataset, name) for dataset in datasets]) for name in names)
        self._datasets, self._train, self._held_out = datasets, train, held_out
        self._batch_sizes = _batch_sizes(experiment, datasets)
        self._batches = StackedBatches(train, self._batch_sizes, n_train, seeds=self._seeds, first_step=self.step)
        self._begin_at(self._weights, self._optimizer_state)

    def _side(self, equations: Sequence[Equations]) -> StackedEquations:
        side = stacked([to_device(own, self.network, self.device) for own in equations])
        return replace(side, block_rows=2 * len(side)) if self.network.normalizes_batches else side

    def _prepare(self, experiment: Experiment, weights: Weights) -> None:
        """Make the step of these settings, for members whose weights have these shapes."""
        optimizer = experiment.scheduled.optimizer
        assert not isinstance(optimizer, RecursiveFeatures)
        check_groups(optimizer, weights, self.network.hidden_matrices)
        self._rule = rule_of(optimizer, self.network.hidden_matrices)
        self._flat = FlatParameters(weights, as_one=not self._rule.by_tensor)
        self._gradient = StackedGradient(self.network, self._frozen, loss_of(experiment.loss))
        self._step = StackedStep(self._gradient, self._rule, self._flat, optimizer.weight_noise)
        self._measures = not optimizer.weight_noise and not self.network.trains_differently

    def _begin_at(self, weights: Weights, optimizer_state: OptimizerState) -> None:
        """Start from weights and optimizer states, and drop captured graphs."""
        self.state = self._packed(weights, optimizer_state)
        replays = ENGINES[self.engine].replays_graphs(self.device)
        self._graphs = CudaGraphs(self._step, self._measured_under, self.device) if replays else None

    def _packed(self, weights: Weights, optimizer_state: OptimizerState) -> TrainState:
        return TrainState(self._flat.pack(weights), self._flat.pack_state(optimizer_state))

    def _measured_under(self, weights: Weights, optimizer_state: OptimizerState, *, held_out_only: bool = False) -> Tensor:
        parameters = self._frozen | self._flat.unpack(weights)
        values = parameters | self._statistics(parameters, self._train.tokens)
        train = [] if held_out_only else [self._gradient.measure(values, self._train)]
        val, *seen = (self._gradient.measure(values, side) for side in self._held_out)
        norm = parameter_norm(parameters.values(), stacked=True).unsqueeze(1)
        average = []
        if averaged := average_of(optimizer_state):
            seen = seen or [torch.full_like(val, nan)]
            parameters = self._frozen | self._flat.unpack(averaged)
            average = [self._gradient.measure(parameters | self._statistics(parameters, self._train.tokens), self._held_out[0])]
        return torch.cat([*train, val, norm, *seen, *average], dim=1)

    def _statistics(self, parameters: Weights, tokens: Tensor) -> Weights:
        if not self.network.normalizes_batches:
            return {}
        with torch.no_grad():
            return torch.vmap(partial(statistics_under, self.network))(parameters, tokens)


def _batch_sizes(experiment: Experiment, datasets: Sequence[Dataset]) -> list[int]:
    """Return how many equations an update of each member has."""
    limit, share = experiment.batch_limit, experiment.optimizer.batch_share
    return [batch_size(limit, share, len(dataset.train)) for dataset in datasets]


def _stacked(members: Sequence[Mapping[str, Tensor]], device: torch.device) -> Weights:
    """Stack the tensors of the members on the device, under the names of the first."""
    return {name: torch.stack([tensors[name].detach().cpu() for tensors in members]).to(device) for name in members[0]}


def _first(tensors: Mapping[str, Tensor]) -> Weights:
    return {name: value[0] for name, value in tensors.items()}
