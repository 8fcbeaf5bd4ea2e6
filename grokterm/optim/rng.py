"""One update: which it is, and where its randomness comes from."""

import zlib
from dataclasses import dataclass

import numpy as np
import torch

from grokterm.models.draws import Draw


@dataclass(frozen=True)
class StepRng:
    """The update that follows a step. Whatever is random in it is a function of (seed, stream, step)."""

    seed: int
    step: int
    device: torch.device

    def draw(self, stream: str, block: int = 0) -> Draw:
        """Open the random stream of one purpose ("dropout", "weight noise", ...) and block of rows, on the device."""
        return self.generator(stream, block)

    def generator(self, stream: str, block: int = 0) -> torch.Generator:
        """Start the generator of a random stream."""
        return torch.Generator(self.device).manual_seed(self.seed_of(stream, block))

    def seed_of(self, stream: str, block: int) -> int:
        """Tell which number a random stream starts from."""
        entropy = [self.seed, zlib.crc32(stream.encode()), self.step, block]
        (state,) = np.random.SeedSequence(entropy).generate_state(1, np.uint64)
        return int(state) >> 1
