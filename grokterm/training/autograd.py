"""The gradient of any network, by automatic differentiation."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.func import functional_call

from grokterm.models.network import Network
from grokterm.training.batches import DeviceEquations
from grokterm.training.evaluation import evaluate, losses_and_hits, mean_of
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team
from grokterm.training.turn import Turn


@dataclass(frozen=True)
class Autograd:
    """Differentiates a network block of rows by block of rows."""

    team: Team
    frozen: Weights
    loss: Loss

    block_rows: ClassVar[None] = None

    def gradient(
        self, weights: Weights, batch: DeviceEquations, turn: Turn, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""

        def differentiate(network: Network, block: tuple[int, DeviceEquations]) -> tuple[list[Tensor], Tensor | None]:
            number, equations = block
            leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
            draw = turn.draw("dropout", number) if network.trains_differently else None
            scores = functional_call(network, {**self.frozen, **leaves}, (equations.tokens, draw))
            losses = self.loss(scores, equations.answers).sum()
            slopes = torch.autograd.grad(losses / len(batch), list(leaves.values()))
            return list(slopes), losses_and_hits(losses, scores, equations.answers) if measuring else None

        total: list[Tensor] = []
        seen: list[Tensor] = []
        blocks = [batch] if self.team.network.normalizes_batches else batch.blocks
        for slopes, numbers in self.team.map(differentiate, enumerate(blocks)):
            total = [sum_.add_(slope) for sum_, slope in zip(total, slopes, strict=True)] if total else _each_its_own(slopes)
            seen += [] if numbers is None else [numbers]
        return dict(zip(weights, total, strict=True)), mean_of(seen, batch) if measuring else None

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return evaluate(self.team, values, self.loss, equations)


def _each_its_own(slopes: list[Tensor]) -> list[Tensor]:
    """Copy what is there twice: autograd hands back one tensor for two weights that are only ever added to each other."""
    seen: set[int] = set()
    own = []
    for slope in slopes:
        own.append(slope.clone() if slope.data_ptr() in seen else slope)
        seen.add(slope.data_ptr())
    return own
