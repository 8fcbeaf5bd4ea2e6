"""The gradient of any network, by automatic differentiation."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.func import functional_call

from grokterm.models.draws import Draw
from grokterm.models.network import Network
from grokterm.training.batches import DeviceEquations
from grokterm.training.calculus import Running
from grokterm.training.evaluation import evaluate, losses_and_hits, mean_of
from grokterm.training.losses import Loss
from grokterm.training.optimizers import Weights
from grokterm.training.team import Team
from grokterm.training.turn import Turn


class Block(NamedTuple):
    """Rows of a batch that are worked on at a time."""

    equations: DeviceEquations
    n_batch: int | Tensor
    """How many equations the whole batch has."""

    draw: Draw | None
    """What makes the random choices of training, if a pass in training is not what it is when measuring."""

    measuring: bool
    """What `measure` would say of them is asked for too."""


Differentiate: TypeAlias = Callable[[Network, Weights, Block], tuple[list[Tensor], Tensor | None]]
"""(network, weights, block) -> what the block adds to the gradient of each weight and, if asked, its losses and hits."""


@dataclass(frozen=True)
class Recorded:
    """Differentiates a block by recording its pass and going back through it."""

    frozen: Weights
    loss: Loss

    def __call__(self, network: Network, weights: Weights, block: Block) -> tuple[list[Tensor], Tensor | None]:
        """Return what the block adds to the gradient of each weight and, if asked, its losses and hits."""
        equations = block.equations
        leaves = {name: weight.detach().requires_grad_() for name, weight in weights.items()}
        scores = functional_call(network, {**self.frozen, **leaves}, (equations.tokens, block.draw))
        losses = self.loss(scores, equations.answers).sum()
        slopes = torch.autograd.grad(losses / block.n_batch, list(leaves.values()))
        return list(slopes), losses_and_hits(losses, scores, equations.answers) if block.measuring else None


@dataclass(frozen=True)
class Autograd:
    """Differentiates a network block of rows by block of rows."""

    team: Team
    frozen: Weights
    loss: Loss
    differentiate: Differentiate | None = None
    """What does it, if not autograd itself."""

    block_rows: ClassVar[None] = None
    running: ClassVar[Running] = Running("eager")

    def gradient(
        self, weights: Weights, batch: DeviceEquations, turn: Turn, *, measuring: bool = False
    ) -> tuple[Weights, Tensor | None]:
        """Return the gradient of the mean loss and, if asked, what `measure` would say of this batch."""
        differentiate = self.differentiate or Recorded(self.frozen, self.loss)

        def work(network: Network, block: tuple[int, DeviceEquations]) -> tuple[list[Tensor], Tensor | None]:
            number, equations = block
            draw = turn.draw("dropout", number) if network.trains_differently else None
            return differentiate(network, weights, Block(equations, len(batch), draw, measuring))

        total: list[Tensor] = []
        seen: list[Tensor] = []
        for slopes, numbers in self.team.map(work, enumerate(blocks_of(self.team.network, batch))):
            total = [sum_.add_(slope) for sum_, slope in zip(total, slopes, strict=True)] if total else _each_its_own(slopes)
            seen += [] if numbers is None else [numbers]
        return dict(zip(weights, total, strict=True)), mean_of(seen, batch) if measuring else None

    def measure(self, values: Weights, equations: DeviceEquations) -> Tensor:
        """Return mean loss and share of right answers, as one tensor on the device, under all values of the network."""
        return evaluate(self.team, values, self.loss, equations)

    def rest(self) -> None:
        """Nothing works beside the training."""


def blocks_of(network: Network, batch: DeviceEquations) -> list[DeviceEquations]:
    """Cut a batch into blocks, if the network lets it be cut."""
    return [batch] if network.normalizes_batches else batch.blocks


def _each_its_own(slopes: list[Tensor]) -> list[Tensor]:
    """Copy what is there twice: autograd hands back one tensor for two weights that are only ever added to each other."""
    seen: set[int] = set()
    own = []
    for slope in slopes:
        own.append(slope.clone() if slope.data_ptr() in seen else slope)
        seen.add(slope.data_ptr())
    return own
