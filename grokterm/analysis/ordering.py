"""In which order neurons are looked at: the three of Liu's essay."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from jaxtyping import Int

from grokterm.analysis.fourier import Block, peak_frequencies, phases

Order = Literal["raw", "frequency", "deviation"]


def neuron_order(shown: Block, blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return the columns of `shown` in the order asked for.

    raw: as they are stored. frequency: by the peak of the power summed over blocks, and by the phase of `shown` there, so
    that neighbors look alike. deviation: by the standard deviation of the column, largest first.
    """
    if by == "raw":
        return np.arange(shown.shape[1])
    if by == "deviation":
        return np.argsort(-shown.std(axis=0), kind="stable")
    peaks = peak_frequencies(blocks)
    return np.lexsort([phases(shown, peaks), peaks])


def joint_order(blocks: Sequence[Block], by: Order) -> Int[np.ndarray, " neurons"]:
    """Return the neurons that several matrices share, in the order asked for: by the phase in the first of them."""
    return neuron_order(np.concatenate(blocks), [], by) if by == "deviation" else neuron_order(blocks[0], blocks, by)
