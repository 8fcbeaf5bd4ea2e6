"""A network and the CPU threads that work with it."""

import copy
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from typing import TypeVar

import torch

from grokterm.models.network import Network

Block = TypeVar("Block")
Result = TypeVar("Result")

LARGEST_PIECE = 33_000_000
"""Bytes, just under the 32 MiB up to which glibc's malloc learns from a piece that comes and goes (man mallopt).

Before, it gives memory back to the system that the next block of rows must be given again, by thousands of pages a step.
"""


class ThreadPool:
    """Applies a function of the network to blocks of rows, several at a time, and hands the results back in order.

    Every thread works on one core and has a network of its own, because functional_call exchanges parameters in place. The
    threads of a matrix library, which wait for each other by spinning, are as fast alone but lose two thirds of their speed
    as soon as another program wants a core. And what is added up in the order of the blocks does not depend on their number.
    """

    def __init__(self, network: Network, n_threads: int = 1) -> None:
        self.network = network
        _have_freed_memory_kept()
        self._own = threading.local()
        # Copied here, before anyone works; and nothing that a worker holds leads back to the executor, which ends with it.
        networks: SimpleQueue[Network] = SimpleQueue()
        for _ in range(n_threads if n_threads > 1 else 0):
            networks.put(copy.deepcopy(network))
        self._window = 2 * n_threads
        self._executor = ThreadPoolExecutor(n_threads, "pool", _join, (self._own, networks)) if n_threads > 1 else None

    def map(self, function: Callable[[Network, Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
        """Call function(network, block) for every block."""
        shares = list(blocks)
        if self._executor is None or len(shares) == 1:
            return (function(self.network, share) for share in shares)
        return self._shared_out(self._executor, function, shares)

    def _shared_out(
        self, executor: ThreadPoolExecutor, function: Callable[[Network, Block], Result], shares: Iterable[Block]
    ) -> Iterator[Result]:
        """Hand blocks out a few at a time: a program that ends waits for those."""
        waiting: deque[Future[Result]] = deque()
        own = self._own

        def work(share: Block) -> Result:
            return function(own.network, share)

        for share in shares:
            waiting.append(executor.submit(work, share))
            if len(waiting) == self._window:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _have_freed_memory_kept() -> None:
    """Take a large piece of memory and give it back, from which malloc learns for this whole process."""
    torch.empty(LARGEST_PIECE, dtype=torch.uint8)


def _join(own: threading.local, networks: "SimpleQueue[Network]") -> None:
    torch.set_num_threads(1)
    own.network = networks.get()
