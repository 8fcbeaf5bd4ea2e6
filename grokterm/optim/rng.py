"""The random streams of one update."""

import zlib
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import torch
from torch import Generator

from grokterm.models.rng import Rng

Streams: TypeAlias = dict[tuple[int, str, int], Generator]
"""Open generators, by seed, purpose and block of rows."""


@dataclass(frozen=True)
class StepRng:
    """The random streams of the update that follows a step: a function of (seed, stream, step), so nothing is stored."""

    seed: int
    step: int
    device: torch.device
    lasting: Streams | None = field(default=None, kw_only=True)
    """The generators of a step that is captured, which stay open for every replay; None: each is opened anew."""

    def generator(self, stream: str, block: int = 0) -> Rng:
        """Open the stream of one purpose ("dropout", "weight noise", ...) and block of rows, on the device."""
        return self.opened(self.seed, stream, block)

    def opened(self, seed: int, stream: str, block: int) -> Generator:
        """Open a stream of a network with this seed, unless it lasts and is open."""
        key = (seed, stream, block)
        found = None if self.lasting is None else self.lasting.get(key)
        if found is None:
            found = Generator(self.device).manual_seed(stream_seed(self.step, *key))
            if self.lasting is not None:
                self.lasting[key] = found
        return found


def stream_seed(step: int, seed: int, stream: str, block: int) -> int:
    """Return the number that seeds a stream at a step."""
    (state,) = np.random.SeedSequence([seed, zlib.crc32(stream.encode()), step, block]).generate_state(1, np.uint64)
    return int(state) >> 1
