"""Orders of the neurons in a picture: the three of Liu's essay."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Int

from grokterm.analysis.fourier import Block, peak_frequencies, phases

Order = Literal["raw", "frequency", "deviation"]


def neuron_order(shown: Block, blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return the order of the columns of `shown`.

    raw: as stored. frequency: by peak of the power summed over blocks, then by the phase of `shown` there. deviation: by
    standard deviation of the column, largest first.
    """
    if by == "raw":
        return np.arange(shown.shape[1])
    if by == "deviation":
        return np.argsort(-shown.std(axis=0), kind="stable")
    peaks = peak_frequencies(blocks)
    return np.lexsort([phases(shown, peaks), peaks])


def joint_order(blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return one order for the columns of several matrices, with the phases of the first."""
    return neuron_order(np.concatenate(blocks), [], by) if by == "deviation" else neuron_order(blocks[0], blocks, by)
