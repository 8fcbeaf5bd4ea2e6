"""CPU threads that apply a function of a network to blocks of equations."""

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

# Bytes, just under the 32 MiB up to which glibc's malloc adapts to the pieces that are freed (man mallopt).
#
# Unadapted, it returns memory to the system that the next block needs again: thousands of page faults a step.
LARGEST_PIECE = 33_000_000


class ThreadPool:
    """Applies a function of a network to blocks of equations on several threads, and returns the results in order.

    Each thread has a copy of the network, to which it binds weights. The threads of a matrix library wait for each other by
    spinning: they are as fast on an idle machine, and lose two thirds of their speed as soon as another program wants a core.
    Sums taken in the order of the blocks do not depend on the number of threads.
    """

    def __init__(self, network: Network, n_threads: int = 1) -> None:
        self.network = network
        _teach_malloc()
        self._own = threading.local()
        # Copied before the threads start. They hold no reference to this object, so that they end with it.
        networks: SimpleQueue[Network] = SimpleQueue()
        for _ in range(n_threads if n_threads > 1 else 0):
            networks.put(copy.deepcopy(network))
        self._window = 2 * n_threads
        self._executor = ThreadPoolExecutor(n_threads, "pool", _start_thread, (self._own, networks)) if n_threads > 1 else None

    def map(self, function: Callable[[Network, Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
        """Return function(network, block) of every block, in order."""
        shares = list(blocks)
        if self._executor is None or len(shares) == 1:
            return (function(self.network, share) for share in shares)
        return self._map_on_threads(self._executor, function, shares)

    def _map_on_threads(
        self, executor: ThreadPoolExecutor, function: Callable[[Network, Block], Result], shares: Iterable[Block]
    ) -> Iterator[Result]:
        """Submit a few blocks at a time, because a program that ends waits for all that are submitted."""
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


def _teach_malloc() -> None:
    """Allocate and free a large piece, from which malloc learns, for the whole process, to keep freed memory."""
    torch.empty(LARGEST_PIECE, dtype=torch.uint8)


def _start_thread(own: threading.local, networks: "SimpleQueue[Network]") -> None:
    torch.set_num_threads(1)
    own.network = networks.get()
