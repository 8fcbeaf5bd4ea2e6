"""Half of a small step, worked out by another process at the same time.

Where a step takes a fifth of a millisecond, threads of one interpreter would wait for each other longer than they work. A
process of its own has an interpreter of its own; what both need lies in memory that they share, and each watches there how far
the other is. The one that trains depends on nobody: what has not been begun when it wants it, or takes too long, it works out
itself, to the same bits.
"""

import mmap
import os
import pickle
import platform
import subprocess
import sys
import weakref
from contextlib import ExitStack, suppress
from time import perf_counter
from typing import IO, NamedTuple

import numpy as np
import torch

from grokterm.experiment.loss import Loss as LossSettings
from grokterm.models import products
from grokterm.training.batches import DeviceEquations
from grokterm.training.fused.hidden_layer import HiddenLayer, Matrices
from grokterm.training.fused.lane import Worked

ASKED, BEGUN, DONE, ASLEEP, MEASURING = range(5)
"""Where both note the number of a request, whether the partner has to be woken, and whether it is to measure too."""

PATIENCE = 2e-4
"""Seconds to wait for what has been begun: longer than it takes, unless another program has the core."""

LINE = 64
"""Bytes of a cache line: notes take one, and tensors begin at one, as torch's own do: kernels round by where memory lies."""


class Order(NamedTuple):
    """What a partner works on."""

    layer: HiddenLayer
    loss: LossSettings
    blocks: list[DeviceEquations]

    @property
    def size(self) -> int:
        """Bytes of the memory that is shared."""
        return self.starts[-1]

    @property
    def starts(self) -> tuple[int, int, int, int]:
        """Where what was measured begins, then the weights, their slopes, and what comes after."""
        seen, numbers = _lines(16 * len(self.blocks)), _lines(4 * self.layer.n_weights)
        return LINE, LINE + seen, LINE + seen + numbers, LINE + seen + 2 * numbers


class Common:
    """The memory that both processes share: notes, what was measured, the scaled weights and their slopes."""

    def __init__(self, descriptor: int, order: Order) -> None:
        memory, n_blocks, n_weights = mmap.mmap(descriptor, order.size), len(order.blocks), order.layer.n_weights
        seen, *numbers, _ = order.starts
        self.notes = memoryview(memory)[:LINE].cast("q")
        self.seen = torch.from_numpy(np.frombuffer(memory, np.float64, 2 * n_blocks, seen)).view(n_blocks, 2)
        weights, slopes = (np.frombuffer(memory, np.float32, n_weights, start) for start in numbers)
        self.scaled: Matrices = order.layer.matrices(torch.from_numpy(weights))
        self.slopes = torch.from_numpy(slopes)


class Partner:
    """Works on some blocks of a batch; it ends with the last reference to this object.

    Raises:
        OSError: if the system has no memory, descriptor or process left for it.
    """

    def __init__(self, layer: HiddenLayer, loss: LossSettings, blocks: list[DeviceEquations]) -> None:
        order = Order(layer, loss, blocks)
        self._precision = torch.promote_types(torch.float32, getattr(torch, loss.precision))
        self._number, self._is_measuring = 0, False
        with ExitStack() as opened:
            memory = os.memfd_create("grokterm-partner")
            opened.callback(os.close, memory)
            os.ftruncate(memory, order.size)
            self._common = Common(memory, order)
            written = opened.enter_context(os.fdopen(os.memfd_create("grokterm-order"), "w+b"))
            pickle.dump(order, written)
            written.seek(0)
            with ExitStack() as kept:
                # Both ends: whoever writes is not to be killed where nobody reads any more.
                ends = listening, self._waking = os.pipe()
                for end in ends:
                    kept.callback(os.close, end)
                os.set_blocking(self._waking, False)
                process = _started(memory, listening, written)
                self.process_id, self.end = process.pid, weakref.finalize(self, _end, process, kept.pop_all())

    @property
    def scaled(self) -> Matrices:
        """Where the weights are to be, scaled, before they are asked for."""
        return self._common.scaled

    def ask(self, *, measuring: bool) -> None:
        """Have blocks worked on under the weights that are in `scaled`, which stay as they are until the answer is wanted."""
        notes = self._common.notes
        self._number, self._is_measuring = self._number + 1, measuring
        notes[MEASURING] = measuring
        notes[ASKED] = self._number
        if notes[ASLEEP]:
            with suppress(BlockingIOError):  # it has been woken often enough
                os.write(self._waking, b"\0")

    def answer(self) -> Worked | None:
        """Return what has come of it; None where it is quicker not to wait."""
        notes = self._common.notes
        if notes[BEGUN] != self._number:
            return None
        end = perf_counter() + PATIENCE
        while notes[DONE] != self._number:
            if perf_counter() > end:
                return None
        seen = list(self._common.seen.to(self._precision)) if self._is_measuring else []
        return Worked(self._common.slopes, seen)


def is_possible() -> bool:
    """Tell whether this machine has what it takes: Linux's memory, the order of writes that x86 keeps, a second core.

    A read may still come before a write to elsewhere; then a partner that falls asleep just now is woken a request later.
    """
    return hasattr(os, "memfd_create") and platform.machine() in {"x86_64", "AMD64"} and len(os.sched_getaffinity(0)) > 1


def _started(memory: int, listening: int, order: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "grokterm.training.fused.partnering", str(memory), str(listening)],
        pass_fds=[memory, listening],
        stdin=order,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,  # a screen may be there, and nothing depends on it
        env=products.environment(),
        start_new_session=True,  # Ctrl+C is for the process that saves
    )


def _end(process: subprocess.Popen[bytes], pipe: ExitStack) -> None:
    pipe.close()
    process.kill()  # it holds nothing that is worth waiting for
    process.wait()


def _lines(n_bytes: int) -> int:
    return -(-n_bytes // LINE) * LINE
