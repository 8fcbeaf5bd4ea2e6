"""What an update depends on beside gradient and weights: its random streams, and numbers that follow its step."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Generator, Tensor

from grokterm.models.rng import Rng


@dataclass(frozen=True)
class Lasting:
    """What a captured step reads at fixed addresses, and every replay finds as it is at its own step."""

    streams: dict[tuple[int, str, int], Generator] = field(default_factory=dict)
    """Open generators, by seed, purpose and block of rows."""

    numbers: dict[str, tuple[Tensor, Callable[[int], float]]] = field(default_factory=dict)
    """Scalars on the device, and what they are at a step."""

    def move_to(self, step: int) -> None:
        """Bring everything to the update that follows a step."""
        for stream, generator in self.streams.items():
            generator.manual_seed(stream_seed(step, *stream))
        for number, value_at in self.numbers.values():
            number.fill_(value_at(step))


@dataclass(frozen=True)
class StepRng:
    """The random streams of the update that follows a step: a function of (seed, stream, step), so nothing is stored.

    A number that follows the step is had from here too, because a replay reads it from the device.
    """

    seed: int
    step: int
    device: torch.device
    lasting: Lasting | None = field(default=None, kw_only=True)
    """Of a step that is captured: what stays for every replay; None: all is made anew."""

    def generator(self, stream: str, block: int = 0) -> Rng:
        """Open the stream of one purpose ("dropout", "weight noise", ...) and block of rows, on the device."""
        return self.opened(self.seed, stream, block)

    def opened(self, seed: int, stream: str, block: int) -> Generator:
        """Open a stream of a network with this seed, unless it lasts and is open."""
        key = (seed, stream, block)
        found = None if self.lasting is None else self.lasting.streams.get(key)
        if found is None:
            found = Generator(self.device).manual_seed(stream_seed(self.step, *key))
            if self.lasting is not None:
                self.lasting.streams[key] = found
        return found

    def number(self, name: str, value_at: Callable[[int], float], dtype: torch.dtype) -> Tensor:
        """Return a scalar on the device that depends on the step alone."""
        if self.lasting is not None and name in self.lasting.numbers:
            return self.lasting.numbers[name][0]
        number = torch.full((), value_at(self.step), dtype=dtype, device=self.device)
        if self.lasting is not None:
            self.lasting.numbers[name] = number, value_at
        return number


def stream_seed(step: int, seed: int, stream: str, block: int) -> int:
    """Return the number that seeds a stream at a step."""
    (state,) = np.random.SeedSequence([seed, zlib.crc32(stream.encode()), step, block]).generate_state(1, np.uint64)
    return int(state) >> 1
