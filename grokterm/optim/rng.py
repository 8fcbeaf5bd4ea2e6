"""The random streams of one update."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from grokterm.models.rng import Rng


@dataclass(frozen=True)
class StepRng:
    """The random streams of the update that follows a step: a function of (seed, stream, step), so nothing is stored."""

    seed: int
    step: int
    device: torch.device

    def generator(self, stream: str, block: int = 0) -> Rng:
        """Open the stream of one purpose ("dropout", "weight noise", ...) and block of rows, on the device."""
        return torch.Generator(self.device).manual_seed(self.seed_of(stream, block))

    def seed_of(self, stream: str, block: int) -> int:
        """Return the number that seeds a stream."""
        entropy = [self.seed, zlib.crc32(stream.encode()), self.step, block]
        (state,) = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
        return int(state) >> 1
