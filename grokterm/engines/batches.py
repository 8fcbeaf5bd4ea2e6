"""Batches: the order of the equations is a function of (seed, step), so nothing about it is stored."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import ceil
from typing import TypeAlias

import numpy as np
import torch
from jaxtyping import Float, Int, Int64
from torch import Tensor

from grokterm.engines.device import exact_dtype
from grokterm.models.network import Network
from grokterm.tasks.equations import Equations
from grokterm.tasks.randomness import generator

Selection: TypeAlias = tuple[Tensor, ...]
"""The rows of a batch, as `rows` of the equations takes them; empty for all."""

BLOCK_ROWS = 65_536  # equations in a block where no cache has to fit: bounds the memory of a large modulus


@dataclass(frozen=True)
class DeviceEquations:
    """Equations on the device, as a network reads them."""

    tokens: Int[Tensor, "equations tokens"]
    answers: Int[Tensor, "equations ..."]
    """The right class, one for each scored position if there are several."""

    block_rows: int = BLOCK_ROWS

    def __len__(self) -> int:
        return len(self.answers)

    def rows(self, chosen: Tensor | slice) -> "DeviceEquations":
        """Select rows."""
        return DeviceEquations(self.tokens[chosen], self.answers[chosen], self.block_rows)

    @cached_property
    def blocks(self) -> list["DeviceEquations"]:
        """Consecutive blocks of nearly equal size: an even number for two threads, or one if it fills at most half a block."""
        return [self.rows(rows) for rows in cuts(len(self), self.block_rows)]

    @cached_property
    def count(self) -> Float[Tensor, ""]:
        """Their number on the device, to divide by: for one of Python a GPU multiplies by its rounded reciprocal."""
        device = self.answers.device
        return torch.full((), len(self), dtype=exact_dtype(device), device=device)

    @cached_property
    def columns(self) -> tuple[Int[Tensor, " equations"], ...]:
        """The tokens of each position, contiguous."""
        return self.tokens.T.contiguous().unbind()


def cuts(n_rows: int, block_rows: int) -> list[slice]:
    """Cut rows into an even number of blocks of nearly equal size, or leave them whole if they fill at most half a block."""
    n_blocks = 2 * ceil(n_rows / (2 * block_rows)) if 2 * n_rows > block_rows else 1
    size = ceil(n_rows / n_blocks)
    return [slice(start, min(start + size, n_rows)) for start in range(0, n_rows, size)]


def to_device(equations: Equations, network: Network, device: torch.device, block_rows: int | None = None) -> DeviceEquations:
    """Encode equations for a network and copy them to the device."""
    tokens, answers = network.encode(equations)
    suited = network.cpu_block_rows if device.type == "cpu" else BLOCK_ROWS
    return DeviceEquations(tokens.to(device), answers.to(device), block_rows or suited)


class Batches:
    """The batch of each step: the whole training set, or the next share of one shuffle an epoch.

    The last batch of an epoch is smaller where the size does not divide the training set. Epochs are counted from
    `first_step`, the step at which this training set was first used.
    """

    def __init__(self, equations: DeviceEquations, size: int, *, seed: int, first_step: int) -> None:
        self.size = size
        self.equations = equations
        self._seed = seed
        self.first_step = first_step
        self._per_epoch = ceil(len(equations) / size)
        self._epoch = -1
        self._order = torch.empty(0, dtype=torch.int64)

    @property
    def is_whole(self) -> bool:
        """Whether every batch is the whole training set."""
        return self._per_epoch == 1

    def at(self, step: int) -> DeviceEquations:
        """Return the equations of the update that follows this step."""
        return self.select(self.selection_at(step))

    def select(self, selection: Selection) -> DeviceEquations:
        """Return the equations of these rows."""
        return self.equations.rows(*selection) if selection else self.equations

    def selection_at(self, step: int) -> Selection:
        """Return the indices of these equations."""
        if self.is_whole:
            return ()
        epoch, position = divmod(step - self.first_step, self._per_epoch)
        if epoch != self._epoch:
            shuffled = epoch_order(self._seed, self.first_step, epoch, len(self.equations))
            self._order = sent(shuffled, self.equations.answers.device)
            self._epoch = epoch
        return (self._order[position * self.size : (position + 1) * self.size],)


def sent(array: np.ndarray, device: torch.device) -> Tensor:
    """Copy to the device asynchronously."""
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor.to(device)


def epoch_order(seed: int, first_step: int, epoch: int, n_train: int) -> Int64[np.ndarray, " equations"]:
    """Return the order of an epoch; `first_step` is the step at which this training set was first used."""
    return generator(seed, f"order from {first_step}", epoch).permutation(n_train)


def batch_size(limit: int | None, share: float, n_train: int) -> int:
    """Return the size of a batch: the limit (None: the whole training set), but at most this share of the training set."""
    exact = Fraction(str(share)) * n_train  # the share as it is written: in floats 0.07 of 100 is a little more than 7
    return min(limit or n_train, ceil(exact))
