"""Loss and accuracy of one side, measured without leaving the device."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call

from grokterm.training.batches import DeviceEquations
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Weights

BLOCK_ROWS = 1024
"""Rows scored at a time: bounds the memory of a large modulus, and on a CPU keeps a block in the cache."""


@torch.no_grad()
def evaluate(network: nn.Module, weights: Weights, loss: Loss, equations: DeviceEquations) -> Float[Tensor, "2"]:
    """Return mean loss and share of right answers, as one tensor on the device."""
    total = torch.zeros(2, device=equations.answers.device)
    for block in equations.blocks(BLOCK_ROWS):
        scores = functional_call(network, weights, (block.operands,))
        right = scores.argmax(dim=1) == block.answers
        total += torch.stack([loss(scores, block.answers).sum(), right.sum()])
    return total / len(equations)
