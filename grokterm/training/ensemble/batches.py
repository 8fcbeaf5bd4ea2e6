"""The batches of several networks, each in the order of its solo run."""

from collections.abc import Sequence
from math import ceil
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int, Int64
from torch import Tensor

from grokterm.engines.batches import Selection, epoch_order, sent
from grokterm.training.ensemble.equations import StackedEquations


class _Lookahead(NamedTuple):
    """The batches of some steps, on the device."""

    steps: range
    rows: Int[Tensor, "members steps rows"]
    counts: Float[Tensor, "members steps"]
    padding: Bool[Tensor, "members steps rows"] | None
    widths: list[int]
    """The size of the largest batch, at each step."""


class StackedBatches:
    """The batch of each step for every member: of its own training set, which may be longer or shorter than others.

    They are dealt in one copy to the device up to where the first member ends its epoch.
    """

    def __init__(
        self, equations: StackedEquations, sizes: Sequence[int], n_train: Sequence[int], *, seeds: range, first_step: int
    ) -> None:
        self.equations = equations
        self.first_step = first_step
        self._epochs = [_Epochs(*own, first_step) for own in zip(seeds, n_train, sizes, strict=True)]
        self._lookahead: _Lookahead | None = None

    @property
    def is_whole(self) -> bool:
        """Every batch is the whole training set."""
        return all(epochs.length == 1 for epochs in self._epochs)

    def at(self, step: int) -> StackedEquations:
        """Return the equations of the update that follows this step."""
        return self.select(self.selection_at(step))

    def select(self, selection: Selection) -> StackedEquations:
        """Return the equations of these rows."""
        return self.equations.rows(*selection) if selection else self.equations

    def selection_at(self, step: int) -> Selection:
        """Return the rows of these equations and how many each member has, and which are padding if any are."""
        if self.is_whole:
            return ()
        if self._lookahead is None or step not in self._lookahead.steps:
            self._lookahead = self._look_ahead(step)
        steps, rows, counts, padding, widths = self._lookahead
        place = step - steps.start
        width = widths[place]
        filled = () if padding is None else (padding[:, place, :width],)
        return rows[:, place, :width], counts[:, place], *filled

    def _look_ahead(self, step: int) -> _Lookahead:
        """Copy the batches from a step on to the device, to the end of the first epoch that ends."""
        device, (n_members, longest) = self.equations.answers.device, self.equations.answers.shape[:2]
        rests = [epochs.rest(step - self.first_step) for epochs in self._epochs]
        n_steps, width = min(len(rest) for rest in rests), max(epochs.size for epochs in self._epochs)
        rows = np.full((n_members, n_steps, width), -1)
        for own, rest in zip(rows, rests, strict=True):
            own[:, : rest.shape[1]] = rest[:n_steps]
        counts = (rows >= 0).sum(axis=2)
        widths = counts.max(axis=0)
        rows = rows.clip(min=0) + longest * np.arange(n_members)[:, None, None]
        is_even = bool((counts == widths).all())
        padding = None if is_even else sent(np.arange(width) >= counts[:, :, None], device)
        return _Lookahead(
            range(step, step + n_steps),
            sent(rows, device),
            sent(counts.astype(np.float32), device),
            padding,
            widths.tolist(),
        )


class _Epochs:
    """The epochs of one member."""

    def __init__(self, seed: int, n_train: int, size: int, first_step: int) -> None:
        self.size = size
        self.length = ceil(n_train / size)
        self._seed, self._n_train, self.first_step = seed, n_train, first_step
        self._epoch = -1
        self._batches = np.empty((0, size), np.int64)

    def rest(self, since: int) -> Int64[np.ndarray, "steps size"]:
        """Return the rows of the batches left in the epoch after this many steps; -1 pads the last one."""
        epoch, position = divmod(since, self.length)
        if epoch != self._epoch:
            order = epoch_order(self._seed, self.first_step, epoch, self._n_train)
            missing = self.length * self.size - self._n_train
            self._batches = np.pad(order, (0, missing), constant_values=-1).reshape(self.length, self.size)
            self._epoch = epoch
        return self._batches[position:]
