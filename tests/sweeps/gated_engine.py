"""An engine that trains nothing: a member has a result as soon as the test lets it."""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Event

from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Report


class GatedEngine:
    """Two workers; `n_let` members get the result that `measured` makes."""

    n_workers = 2

    def __init__(self, sweep: SweepFolder, measured: Callable[[Member], Result]) -> None:
        self._sweep, self._measured = sweep, measured
        self._waiting: deque[Member] = deque()
        self.n_let = 0
        self.is_stopped = Event()

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members at the gate."""
        return [member.key for member in list(self._waiting)[: self.n_workers]]

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members."""
        self._waiting.extend(members)

    def wait(self, seconds: float) -> list[Report]:
        """Let one member through, if there is one to be let."""
        if not self.n_let or not self._waiting:
            self.is_stopped.wait(min(seconds, 0.005))
            return []
        self.n_let -= 1
        member = self._waiting.popleft()
        self._sweep.keep_result(self._measured(member))
        return [Report(member.key, "done")]

    def stop(self) -> None:
        """Drop what waits."""
        self._waiting.clear()
        self.is_stopped.set()
