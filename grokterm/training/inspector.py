"""Inspections of a training, worked out beside it."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cached_property

from grokterm.engines.arithmetic import single_threaded_libraries
from grokterm.experiment.recording.inspected import Inspected
from grokterm.inspection.analysis import NetworkAnalysis

MOST_WAITING = 2  # snapshots that wait at most; a training that is faster than its inspections waits for them then


class Inspector:
    """Examines snapshots in a thread of its own, in the order in which they come."""

    def __init__(self) -> None:
        self._waiting: deque[Future[Inspected]] = deque()

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "inspector")

    def submit(self, analysis: NetworkAnalysis) -> None:
        """Have a network inspected."""
        self._waiting.append(self._pool.submit(single_threaded_libraries()(analysis.inspected)))

    def found(self) -> list[Inspected]:
        """Hand over what has been found since."""
        found = []
        while self._waiting and (len(self._waiting) > MOST_WAITING or self._waiting[0].done()):
            found.append(self._waiting.popleft().result())
        return found

    def wait_for_inspections(self, seconds: float | None) -> list[Inspected]:
        """Hand over all that was asked for; what is not found within so many seconds, if there is a limit, is given up."""
        wait(self._waiting, seconds)
        found = [one.result() for one in self._waiting if one.done()]
        for one in self._waiting:
            one.cancel()
        self._waiting.clear()
        return found
