"""One optimizer step as a function of what it is given, so that an engine may run, capture or batch it."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.gradient import GradientBackend
from grokterm.optim.flat import FlatParameters
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Rule, Weights


class TrainState:
    """Weights and optimizer state, flat. A step takes both to update them in place; then they can be read here no longer."""

    __slots__ = ("_tensors",)

    def __init__(self, weights: Weights, optimizer_state: OptimizerState) -> None:
        self._tensors: tuple[Weights, OptimizerState] | None = (weights, optimizer_state)

    @property
    def is_taken(self) -> bool:
        """Whether a step has taken it."""
        return self._tensors is None

    @property
    def weights(self) -> Weights:
        """What is trained."""
        return self._read()[0]

    @property
    def optimizer_state(self) -> OptimizerState:
        """What the rule remembers."""
        return self._read()[1]

    def take(self) -> tuple[Weights, OptimizerState]:
        """Hand both over to a step."""
        tensors = self._read()
        self._tensors = None
        return tensors

    def copy(self) -> "TrainState":
        """Copy both, which no later step overwrites."""
        weights, optimizer_state = ({name: value.clone() for name, value in one.items()} for one in self._read())
        return TrainState(weights, optimizer_state)

    def _read(self) -> tuple[Weights, OptimizerState]:
        if self._tensors is None:
            raise RuntimeError("a step has taken this state: read the one that it returned, or a copy made before")
        return self._tensors


@runtime_checkable
class TrainStep(Protocol):
    """What a training does to its weights."""

    @property
    def flat(self) -> FlatParameters:
        """The form in which a step takes weights and optimizer state."""

    @property
    def scores_batch(self) -> bool:
        """A step can score its batch as a measurement would."""

    @property
    def invariant_from(self) -> float:
        """From which step on the number of a step no longer matters, but for its random streams."""

    def begin(self, weights: Weights) -> OptimizerState:
        """Return the optimizer state before the first step, by name."""
        ...

    def on_new_training_set(self, weights: Weights, train: DeviceEquations) -> Weights:
        """Return the weights after the training set changed, by name; unchanged for gradient methods."""
        ...

    def __call__(
        self, state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Make one update; return the next state and, if asked, loss and accuracy of the batch before it."""
        ...


@dataclass(frozen=True)
class GradientStep:
    """Follows a gradient by an update rule.

    With weight noise the gradient is that of weights that are off by as much, the same for the whole batch.
    """

    backend: GradientBackend
    rule: Rule
    flat: FlatParameters
    weight_noise: float = 0.0
    scores_batch: bool = True

    @property
    def invariant_from(self) -> float:
        """From which step on the rule does not depend on the number of its step."""
        return self.rule.step_invariant_from

    def begin(self, weights: Weights) -> OptimizerState:
        """Return the optimizer state before the first step, by name."""
        return self.rule.begin(weights)

    def on_new_training_set(self, weights: Weights, train: DeviceEquations) -> Weights:
        """Return the same weights."""
        del train
        return weights

    def __call__(
        self, state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Make one update; return the next state and, if asked, loss and accuracy of the batch before it."""
        by_name = self.flat.unpack(state.weights)
        if self.weight_noise:
            by_name = with_noise(by_name, self.weight_noise, rng.generator("weight noise"))
        grads, numbers = self.backend.gradient(by_name, batch, rng, measuring=measuring)
        weights, optimizer_state = state.take()  # not before: a gradient for which there is no memory leaves it as it was
        with torch.no_grad():  # the leaves of the gradient share memory with the weights
            weights, changed = self.rule.update(self.flat.pack(grads), optimizer_state, weights, rng)
        return TrainState(weights, optimizer_state | changed), numbers
