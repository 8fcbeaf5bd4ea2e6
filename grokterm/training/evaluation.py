"""Loss and accuracy of one side, measured without leaving the device."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.training.batches import DeviceEquations
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team


def evaluate(team: Team, weights: Weights, loss: Loss, equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Return mean loss and share of right answers, as one tensor on the device."""

    @torch.no_grad()
    def score(network: nn.Module, block: DeviceEquations) -> Float[Tensor, "2"]:
        scores = functional_call(network, weights, (block.operands,))
        right = scores.argmax(dim=1) == block.answers
        return torch.stack([loss(scores, block.answers).sum(), right.sum()])

    return torch.stack(list(team.map(score, equations.blocks()))).sum(dim=0) / len(equations)
