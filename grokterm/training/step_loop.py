"""How a chunk is trained and measured, for one network or several stacked."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.engines.step import TrainState


@dataclass(frozen=True)
class Measured:
    """An evaluation whose numbers are still on the device, and the state it was made in."""

    step: int
    numbers: Tensor
    """In METRICS_IN_ORDER, without those of `seen` if it is empty; for an ensemble one row a member, NaN where it has none."""

    state: TrainState


def further_advice_on_memory(device: torch.device, precision: str) -> str:
    """Say what takes less memory besides smaller sizes; nothing if nothing does."""
    ways = ["set training.precision=float32"] * (precision == "float64") + ["choose device=cpu"] * (device.type != "cpu")
    return "".join(f", or {way}" for way in ways)


class StepLoop(ABC):
    """Trains in this process, step by step."""

    step: int
    state: TrainState

    @property
    @abstractmethod
    def scores_training_set(self) -> bool:
        """Whether an update scores the whole training set as a measurement does."""

    @property
    def is_intact(self) -> bool:
        """Whether the weights are those of this step: an update that has failed on its way leaves none."""
        return not self.state.is_taken

    @abstractmethod
    def update(self, *, measuring: bool = False) -> Tensor | None:
        """Make the update that follows this step; return, if asked, loss and accuracy of its batch before it."""

    @abstractmethod
    def numbers(self, *, held_out_only: bool = False) -> Tensor:
        """Measure every side, without leaving the device: training, validation, and `seen` if there is any."""

    def advance(self, last: int, is_due: Callable[[int], bool]) -> Iterator[Measured]:
        """Train up to a step and measure where due; on the way the update itself scores the training set."""
        with steady_arithmetic():
            while True:
                if is_due(self.step):
                    if self.step < last and self.scores_training_set:
                        yield self._measure_by_updating()
                        continue
                    yield self.measure()
                if self.step >= last:
                    return
                self.update()

    @steady_arithmetic()
    def measure(self) -> Measured:
        """Measure every side, without leaving the device."""
        return Measured(self.step, self.numbers(), self.state.copy())

    def go_back(self, step: int, state: TrainState) -> None:
        """Return to an earlier state, which is copied."""
        self.step, self.state = step, state.copy()

    def _measure_by_updating(self) -> Measured:
        """Measure what is held out, and take the training side from the next update, which scores all of it anyway."""
        step, state = self.step, self.state.copy()
        held_out = self.numbers(held_out_only=True)
        train = self.update(measuring=True)
        assert train is not None
        return Measured(step, torch.cat([train, held_out], dim=-1), state)
