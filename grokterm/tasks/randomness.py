"""Generators seeded by (seed, stream, step), so that no random state has to be stored.

NumPy samples on the CPU, so that a run starts from the same weights and split on every device.
"""

import zlib

import numpy as np


def generator(seed: int, stream: str, step: int = 0) -> np.random.Generator:
    """Return the generator of one purpose ("split", "weights", ...) at one step, independent of all others."""
    return np.random.default_rng([seed, zlib.crc32(stream.encode()), step])
