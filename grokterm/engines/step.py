"""One optimizer step as a function of what it is given, so that an engine may run, capture or batch it."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.gradient import GradientBackend
from grokterm.optim.flat import FlatParameters
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import OptimizerState, Rule, Weights


class TrainState(NamedTuple):
    """Weights and what the rule remembers of them, packed."""

    weights: Weights
    optimizer_state: OptimizerState

    def copy(self) -> "TrainState":
        """Copy it, before a step uses it up."""
        weights, optimizer_state = ({name: value.clone() for name, value in one.items()} for one in self)
        return TrainState(weights, optimizer_state)


@runtime_checkable
class Step(Protocol):
    """One update."""

    def __call__(
        self, state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the next state, for which this one is used up, and, if asked, loss and accuracy of the batch before it."""
        ...


def make_step(calculus: GradientBackend, rule: Rule, flat: FlatParameters, weight_noise: float = 0.0) -> Step:
    """Bind what does not change between steps.

    With weight noise the gradient is that of weights that are off by as much, the same for the whole batch.
    """

    def step(
        state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        seen = flat.unpack(state.weights)
        if weight_noise:
            seen = with_noise(seen, weight_noise, rng.draw("weight noise"))
        slopes, numbers = calculus.gradient(seen, batch, rng, measuring=measuring)
        with torch.no_grad():
            return TrainState(*rule.update(flat.pack(slopes), state.optimizer_state, state.weights, rng)), numbers

    return step
