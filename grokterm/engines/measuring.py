"""What a state of the weights is worth on both sides."""

from dataclasses import dataclass

import torch
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import statistics_of
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.step import TrainState
from grokterm.engines.thread_pool import ThreadPool
from grokterm.optim.flat import FlatParameters
from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class Evaluator:
    """Measures states of a network."""

    calculus: GradientBackend
    flat: FlatParameters
    pool: ThreadPool
    frozen: Weights
    train: DeviceEquations
    val: DeviceEquations

    def __call__(self, state: TrainState, *, val_only: bool = False) -> Tensor:
        """Return mean loss and share of right answers, of the training set first, as one tensor on the device."""
        parameters = self.parameters(state)
        values = parameters | self.statistics(parameters)
        sides = [self.val] if val_only else [self.train, self.val]
        return torch.cat([self.calculus.measure(values, side) for side in sides])

    def parameters(self, state: TrainState) -> Weights:
        """Return all parameters by name, those that are frozen too."""
        return self.frozen | self.flat.unpack(state.weights)

    def statistics(self, parameters: Weights) -> Weights:
        """Return what measuring needs beside the parameters."""
        return statistics_of(self.pool, parameters, self.train)
