"""Blocks of rows that are worked on one after the other, by one thread at a time."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.evaluation import losses_and_hits
from grokterm.engines.fused.kernel import Desk, HiddenLayer, Matrices
from grokterm.experiment.loss import Loss as LossSettings
from grokterm.optim.losses import loss_of


class Worked(NamedTuple):
    """What has come of blocks; it is good until the next."""

    slopes: Float[Tensor, " weights"]
    seen: list[Tensor]
    """Summed loss and right answers of each block, if they were asked for."""


class Lane:
    """Adds up what blocks contribute to the slopes of a network with one hidden layer."""

    def __init__(self, layer: HiddenLayer, loss: LossSettings, block_rows: int) -> None:
        self._layer, self._loss = layer, loss_of(loss)
        self._blank = layer.blank(block_rows)
        self.slopes: Matrices = layer.matrices(torch.zeros(layer.n_weights))

    def lay_out(self, blocks: Iterable[DeviceEquations]) -> list[Desk]:
        """Prepare blocks to be worked on here."""
        return [self._layer.desk(block, self._blank) for block in blocks]

    @torch.no_grad()
    def work(self, scaled: Matrices, desks: Sequence[Desk], *, measuring: bool) -> Worked:
        """Add up slopes, but for constants."""
        self.slopes.vector.zero_()
        seen: list[Tensor] = []
        for desk in desks:
            sums, scores = self._layer.forward(scaled, desk)
            if measuring:
                seen.append(self._numbers(scores.tensor, desk))
            self._layer.add_slopes(self.slopes, scaled, sums, scores, desk)
        return Worked(self.slopes.vector, seen)

    @torch.no_grad()
    def measure(self, scaled: Matrices, desks: Sequence[Desk]) -> list[Tensor]:
        """Return summed loss and right answers of each block."""
        return [self._numbers(self._layer.forward(scaled, desk)[1].tensor, desk) for desk in desks]

    def _numbers(self, scores: Tensor, desk: Desk) -> Tensor:
        return losses_and_hits(self._loss(scores, desk.answers).sum(), scores, desk.answers)
