"""Everything random is a function of (seed, stream, step), so nothing random has to be stored.

NumPy draws on the host whatever the device, so a run starts from the same weights and split on a laptop and on a GPU.
"""

import zlib

import numpy as np


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """Open the random stream of one purpose ("split", "weights", ...) at one step; streams do not overlap."""
    return np.random.default_rng([seed, zlib.crc32(stream.encode()), step])
