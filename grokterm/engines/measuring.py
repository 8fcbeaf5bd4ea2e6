"""What a state of the weights is worth on both sides."""

from dataclasses import dataclass

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import statistics_of
from grokterm.engines.gradient import Calculus
from grokterm.engines.step import State
from grokterm.engines.thread_pool import Team
from grokterm.optim.flat import Packing
from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class Measuring:
    """Measures states of a network."""

    calculus: Calculus
    packing: Packing
    team: Team
    frozen: Weights
    train: DeviceEquations
    val: DeviceEquations

    def __call__(self, state: State, *, val_only: bool = False) -> Tensor:
        """Return mean loss and share of right answers, of the training set first, as one tensor on the device."""
        parameters = self.parameters(state)
        values = parameters | self.statistics(parameters)
        sides = [self.val] if val_only else [self.train, self.val]
        return torch.cat([self.calculus.measure(values, side) for side in sides])

    def parameters(self, state: State) -> Weights:
        """Return all parameters by name, those that are frozen too."""
        return self.frozen | self.packing.unpack(state.weights)

    def statistics(self, parameters: Weights) -> Weights:
        """Return what measuring needs beside the parameters."""
        return statistics_of(self.team, parameters, self.train)
