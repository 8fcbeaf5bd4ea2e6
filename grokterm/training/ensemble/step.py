"""One optimizer step of several networks at once."""

from dataclasses import dataclass

import torch
from torch import Tensor

from grokterm.engines.step import TrainState
from grokterm.optim.flat import FlatParameters
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rules import OptimizerState, Rule, Weights
from grokterm.training.ensemble.equations import StackedEquations
from grokterm.training.ensemble.gradient import StackedGradient
from grokterm.training.ensemble.rng import StackedStepRng


@dataclass(frozen=True)
class StackedStep:
    """Makes the update of every member: as `GradientStep`, with what belongs to a network stacked over members."""

    backend: StackedGradient
    rule: Rule
    flat: FlatParameters
    weight_noise: float = 0.0

    @property
    def invariant_from(self) -> float:
        """From which step on the rule does not depend on the number of its step."""
        return self.rule.step_invariant_from

    def __call__(
        self, state: TrainState, batch: StackedEquations, rng: StackedStepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        """Return the next state and, if asked, losses and accuracies of the batches before it."""
        by_name = self.flat.unpack(state.weights)
        if self.weight_noise:
            by_name = with_noise(by_name, self.weight_noise, rng.generator("weight noise"))
        grads, numbers = self.backend.gradient(by_name, batch, rng, measuring=measuring)
        weights, optimizer_state = state.take()  # not before, as in `GradientStep`
        with torch.no_grad():
            weights, changed = self._update(self.flat.pack(grads), optimizer_state, weights, rng)
        return TrainState(weights, optimizer_state | changed), numbers

    def _update(
        self, grads: Weights, optimizer_state: OptimizerState, weights: Weights, rng: StackedStepRng
    ) -> tuple[Weights, OptimizerState]:
        if self.rule.by_tensor or self.rule.by_network:
            return rng.each(lambda own, grad, kept, at: self.rule.update(grad, kept, at, own), grads, optimizer_state, weights)
        # One matrix, a row a network, without vmap, under which the calls from Python take four times as long.
        columns = {name: value.unsqueeze(1) if value.ndim == 1 else value for name, value in optimizer_state.items()}
        moved, changed = self.rule.update(grads, columns, weights, rng)
        return moved, {name: value.view(optimizer_state[name].shape) for name, value in changed.items()}
