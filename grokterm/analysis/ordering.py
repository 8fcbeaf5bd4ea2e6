"""Orders of the neurons in a picture: the three of Liu's essay."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from jaxtyping import Int

from grokterm.analysis.fourier import Block, phases, power

Order = Literal["raw", "frequency", "deviation"]


class ByFrequency(NamedTuple):
    """Neurons sorted by frequency."""

    order: Int[np.ndarray, " neurons"]
    frequencies: Int[np.ndarray, " neurons"]
    """Of each neuron in this order; 0 where it is not the same in all blocks."""

    @property
    def as_stored(self) -> Int[np.ndarray, " neurons"]:
        """The frequency of each neuron, in the order in which neurons are stored."""
        return self.frequencies[np.argsort(self.order)]


def neuron_order(shown: Block, blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return the order of the columns of `shown`.

    raw: as stored. frequency: as `by_frequency`. deviation: by standard deviation of the column, largest first.
    """
    if by == "raw":
        return np.arange(shown.shape[1])
    if by == "deviation":
        return np.argsort(-shown.std(axis=0), kind="stable")
    return by_frequency(shown, blocks).order


def by_frequency(shown: Block, blocks: Sequence[Block]) -> ByFrequency:
    """Sort by peak of the power summed over blocks, then by the phase of `shown` there.

    Neurons whose blocks peak at different frequencies come last: between the others they would interrupt the waves.
    """
    powers = [power(block) for block in blocks]
    own = np.stack([each.argmax(axis=0) + 1 for each in powers])
    peaks = np.sum(powers, axis=0).argmax(axis=0) + 1
    is_mixed = (own != own[0]).any(axis=0)
    order = np.lexsort([phases(shown, peaks), peaks, is_mixed])
    return ByFrequency(order, np.where(is_mixed, 0, peaks)[order])


def joint_order(blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return one order for the columns of several matrices, with the phases of the first."""
    return neuron_order(np.concatenate(blocks), [], by) if by == "deviation" else neuron_order(blocks[0], blocks, by)
