"""One optimizer step of several networks as a function of what it is given."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from grokterm.engines.step import TrainState
from grokterm.optim.flat import FlatParameters
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rules import OptimizerState, Rule, Weights
from grokterm.training.ensemble.equations import StackedEquations
from grokterm.training.ensemble.gradient import StackedGradient
from grokterm.training.ensemble.rng import StackedStepRng

Update: TypeAlias = Callable[[Weights, OptimizerState, Weights, StackedStepRng], tuple[Weights, OptimizerState]]


def make_stacked_step(
    calculus: StackedGradient, rule: Rule, flat: FlatParameters, weight_noise: float = 0.0
) -> Callable[..., tuple[TrainState, Tensor | None]]:
    """Bind what does not change between steps: as `make_step`, with whatever belongs to a network stacked over members."""
    update = _by_member(rule) if rule.by_tensor or rule.by_network else _all_alike(rule)

    def step(
        state: TrainState, batch: StackedEquations, rng: StackedStepRng, *, measuring: bool = False
    ) -> tuple[TrainState, Tensor | None]:
        seen = flat.unpack(state.weights)
        if weight_noise:
            seen = with_noise(seen, weight_noise, rng.draw("weight noise"))
        slopes, numbers = calculus.gradient(seen, batch, rng, measuring=measuring)
        with torch.no_grad():
            return TrainState(*update(flat.pack(slopes), state.optimizer_state, state.weights, rng)), numbers

    return step


def _by_member(rule: Rule) -> Update:
    def update(
        gradient: Weights, optimizer_state: OptimizerState, weights: Weights, rng: StackedStepRng
    ) -> tuple[Weights, OptimizerState]:
        return rng.each(lambda own, slope, kept, at: rule.update(slope, kept, at, own), gradient, optimizer_state, weights)

    return update


def _all_alike(rule: Rule) -> Update:
    """Update one matrix, a row a network, without vmap, under which the calls from Python take four times as long."""

    def update(
        gradient: Weights, optimizer_state: OptimizerState, weights: Weights, rng: StackedStepRng
    ) -> tuple[Weights, OptimizerState]:
        columns = {name: value.unsqueeze(1) if value.ndim == 1 else value for name, value in optimizer_state.items()}
        moved, remembered = rule.update(gradient, columns, weights, rng)
        return moved, {name: value.view(optimizer_state[name].shape) for name, value in remembered.items()}

    return update
