"""CPU threads that apply a function of a network to blocks of equations."""

import copy
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import SimpleQueue
from statistics import median
from time import perf_counter
from typing import TypeVar

import torch

from grokterm.models.network import Network

Block = TypeVar("Block")
Result = TypeVar("Result")

# Bytes, just under the 32 MiB up to which glibc's malloc adapts to the pieces that are freed (man mallopt).
#
# Unadapted, it returns memory to the system that the next block needs again: thousands of page faults a step.
LARGEST_PIECE = 33_000_000

WORTHWHILE = 1.15  # times the speed of one thread, below which the other cores are left alone

# Of so many calls, the first are tried by turns on one thread and on all, after a few to warm up.
ROUND, WARM_UPS, PAIRS = 1000, 2, 5


class ThreadPool:
    """Applies a function of a network to blocks of equations on several threads, and returns the results in order.

    Each thread has a copy of the network, to which it binds weights. The threads of a matrix library wait for each other by
    spinning: they are as fast on an idle machine, and lose two thirds of their speed as soon as another program wants a core.
    Sums taken in the order of the blocks do not depend on the number of threads, so it may use fewer where more do not pay,
    as on two halves of one core or beside another program; unless the number is `fixed`.
    """

    def __init__(self, network: Network, n_threads: int = 1, *, fixed: bool = False) -> None:
        self.network = network
        self._trials: defaultdict[Hashable, ThreadTrial] | None = None if fixed else defaultdict(ThreadTrial)
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
            return self._map_here(function, shares)
        if self._trials is None:
            return self._map_on_threads(self._executor, function, shares)
        # By the name of the function, because closures are made anew for each call.
        trial = self._trials[getattr(function, "__qualname__", ""), len(shares)]
        return trial.run(self._map_on_threads(self._executor, function, shares), self._map_here(function, shares))

    def _map_here(self, function: Callable[[Network, Block], Result], shares: Iterable[Block]) -> Iterator[Result]:
        return (function(self.network, share) for share in shares)

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


class ThreadTrial:
    """Measures whether one kind of work gains from threads, again every ROUND calls: other programs come and go."""

    def __init__(self) -> None:
        self.pays = True
        self._n_calls = 0
        self._seconds: dict[bool, list[float]] = {}

    def run(self, on_threads: Iterator[Result], here: Iterator[Result]) -> Iterator[Result]:
        """Yield from one of two iterators over the same results, neither of which has begun."""
        number = self._n_calls % ROUND - WARM_UPS
        self._n_calls += 1
        is_tried = 0 <= number < 2 * PAIRS
        uses_threads = number % 2 == 0 if is_tried else self.pays
        started = perf_counter()
        yield from on_threads if uses_threads else here
        if is_tried:
            self._note(uses_threads, perf_counter() - started, is_last=number == 2 * PAIRS - 1)

    def _note(self, uses_threads: bool, seconds: float, *, is_last: bool) -> None:  # noqa: FBT001 - a key
        self._seconds.setdefault(uses_threads, []).append(seconds)
        if is_last:
            self.pays = median(self._seconds[False]) >= WORTHWHILE * median(self._seconds[True])
            self._seconds = {}


def _teach_malloc() -> None:
    """Allocate and free a large piece, from which malloc learns, for the whole process, to keep freed memory."""
    torch.empty(LARGEST_PIECE, dtype=torch.uint8)


def _start_thread(own: threading.local, networks: "SimpleQueue[Network]") -> None:
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    own.network = networks.get()
