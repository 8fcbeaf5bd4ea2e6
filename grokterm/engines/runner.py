"""How a step is run, whatever its gradient is taken from."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from grokterm.engines.batches import Batches
from grokterm.engines.measuring import Evaluator
from grokterm.engines.step import Step, TrainState
from grokterm.optim.rng import StepRng


@dataclass(frozen=True)
class Work:
    """What there is to run."""

    step: Step
    measure: Evaluator
    step_invariant_from: float
    """From which step on the number of a step no longer matters, but for its random streams."""


@runtime_checkable
class Runner(Protocol):
    """Makes steps and measurements. All of them agree within rounding."""

    def update(
        self, state: TrainState, batches: Batches, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the state after a step and, if asked, loss and accuracy of its batch before it."""
        ...

    def measure(self, state: TrainState, *, val_only: bool = False) -> Tensor:
        """Return what a measurement says of a state."""
        ...

    def copy_state(self, state: TrainState) -> TrainState:
        """Return a state that no later step overwrites."""
        ...


@dataclass(frozen=True)
class Plain:
    """Calls what there is to run, from Python."""

    work: Work

    def update(
        self, state: TrainState, batches: Batches, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the state after a step and, if asked, loss and accuracy of its batch before it."""
        return self.work.step(state, batches.at(rng.step), rng, measuring=measuring)

    def measure(self, state: TrainState, *, val_only: bool = False) -> Tensor:
        """Return what a measurement says of a state."""
        return self.work.measure(state, val_only=val_only)

    def copy_state(self, state: TrainState) -> TrainState:
        """Return a copy: a step uses up what it is given."""
        return state.copy()
