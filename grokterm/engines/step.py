"""One optimizer step as a function of what it is given, so that an engine may run, capture or batch it."""

from typing import NamedTuple, Protocol, runtime_checkable

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.gradient import Calculus
from grokterm.optim.flat import Packing
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rng import Turn
from grokterm.optim.rules import Memory, Rule, Weights


class State(NamedTuple):
    """Weights and what the rule remembers of them, packed."""

    weights: Weights
    memory: Memory

    def copy(self) -> "State":
        """Copy it, before a step uses it up."""
        weights, memory = ({name: value.clone() for name, value in one.items()} for one in self)
        return State(weights, memory)


@runtime_checkable
class Step(Protocol):
    """One update."""

    def __call__(
        self, state: State, batch: DeviceEquations, turn: Turn, *, measuring: bool = False
    ) -> tuple[State, Tensor | None]:
        """Return the next state, for which this one is used up, and, if asked, loss and accuracy of the batch before it."""
        ...


def make_step(calculus: Calculus, rule: Rule, packing: Packing, weight_noise: float = 0.0) -> Step:
    """Bind what does not change between steps.

    With weight noise the gradient is that of weights that are off by as much, the same for the whole batch.
    """

    def step(state: State, batch: DeviceEquations, turn: Turn, *, measuring: bool = False) -> tuple[State, Tensor | None]:
        seen = packing.unpack(state.weights)
        if weight_noise:
            seen = with_noise(seen, weight_noise, turn.draw("weight noise"))
        slopes, numbers = calculus.gradient(seen, batch, turn, measuring=measuring)
        with torch.no_grad():
            return State(*rule.update(packing.pack(slopes), state.memory, state.weights, turn)), numbers

    return step
