"""One optimizer step of several networks as a function of what it is given."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from grokterm.engines.step import State
from grokterm.optim.flat import Packing
from grokterm.optim.modifiers import with_noise
from grokterm.optim.rules import Memory, Rule, Weights
from grokterm.training.ensemble.equations import StackedEquations
from grokterm.training.ensemble.gradient import StackedCalculus
from grokterm.training.ensemble.rng import SharedTurn

Update: TypeAlias = Callable[[Weights, Memory, Weights, SharedTurn], tuple[Weights, Memory]]


def make_stacked_step(
    calculus: StackedCalculus, rule: Rule, packing: Packing, weight_noise: float = 0.0
) -> Callable[..., tuple[State, Tensor | None]]:
    """Bind what does not change between steps: as `make_step`, with whatever belongs to a network stacked over members."""
    update = _by_member(rule) if rule.by_tensor or rule.by_network else _all_alike(rule)

    def step(
        state: State, batch: StackedEquations, turn: SharedTurn, *, measuring: bool = False
    ) -> tuple[State, Tensor | None]:
        seen = packing.unpack(state.weights)
        if weight_noise:
            seen = with_noise(seen, weight_noise, turn.draw("weight noise"))
        slopes, numbers = calculus.gradient(seen, batch, turn, measuring=measuring)
        with torch.no_grad():
            return State(*update(packing.pack(slopes), state.memory, state.weights, turn)), numbers

    return step


def _by_member(rule: Rule) -> Update:
    def update(gradient: Weights, memory: Memory, weights: Weights, turn: SharedTurn) -> tuple[Weights, Memory]:
        return turn.each(lambda own, slope, kept, at: rule.update(slope, kept, at, own), gradient, memory, weights)

    return update


def _all_alike(rule: Rule) -> Update:
    """Update one matrix, a row a network, without vmap, under which the calls from Python take four times as long."""

    def update(gradient: Weights, memory: Memory, weights: Weights, turn: SharedTurn) -> tuple[Weights, Memory]:
        columns = {name: value.unsqueeze(1) if value.ndim == 1 else value for name, value in memory.items()}
        moved, remembered = rule.update(gradient, columns, weights, turn)
        return moved, {name: value.view(memory[name].shape) for name, value in remembered.items()}

    return update
