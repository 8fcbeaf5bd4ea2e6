"""One optimizer step as a pure function, so that an engine may run, compile, capture or batch it."""

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.training.batches import DeviceEquations
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Memory, Rule, Weights
from grokterm.training.team import Team

Step: TypeAlias = Callable[[Weights, Memory, DeviceEquations], tuple[Weights, Memory]]


def make_step(team: Team, frozen: Weights, loss: Loss, rule: Rule) -> Step:
    """Bind what does not change between steps: step(weights, memory, batch) -> (weights, memory)."""

    def step(weights: Weights, memory: Memory, batch: DeviceEquations) -> tuple[Weights, Memory]:
        gradient = _gradient(team, frozen, loss, weights, batch)
        with torch.no_grad():
            return rule.update(gradient, memory, weights)

    return step


def _gradient(team: Team, frozen: Weights, loss: Loss, weights: Weights, batch: DeviceEquations) -> Weights:
    """Differentiate the mean loss of a batch, block by block."""

    def differentiate(network: nn.Module, block: DeviceEquations) -> tuple[Tensor, ...]:
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        scores = functional_call(network, {**frozen, **leaves}, (block.operands,))
        return torch.autograd.grad(loss(scores, block.answers).sum() / len(batch), list(leaves.values()))

    total: list[Tensor] = []
    for slopes in team.map(differentiate, batch.blocks()):
        total = [sum_.add_(slope) for sum_, slope in zip(total, slopes, strict=True)] if total else list(slopes)
    return dict(zip(weights, total, strict=True))
