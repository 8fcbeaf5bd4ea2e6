"""The local engine: worker processes of this machine, each with one thread, and one member at a time."""

import selectors
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grokterm.errors import EngineError, ProcessDiedError
from grokterm.models.processor import available_cores
from grokterm.sweeps.folder import SweepFolder
from grokterm.sweeps.members import Member
from grokterm.sweeps.work import Report
from grokterm.training.worker_process import WorkerProcess

OUTPUT = "output.log"  # what workers say besides their answers

STOP_SECONDS = 30.0  # in which a stopped worker saves what it trains

MOST_DEATHS = 10  # of workers, one after the other, without a report: then it is not the member


class LocalEngine:
    """A pool of processes. One that dies is replaced, and its member queued again."""

    def __init__(self, sweep: SweepFolder, n_workers: int | None = None) -> None:
        self.n_workers = n_workers or available_cores()
        self._sweep = sweep
        self._waiting: deque[Member] = deque()
        self._at_work: dict[WorkerProcess, Member] = {}
        self._idle: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._n_deaths = 0

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members that are worked on now."""
        return [member.key for member in self._at_work.values()]

    @property
    def workers(self) -> Sequence[WorkerProcess]:
        """The processes that work on a member now."""
        return list(self._at_work)

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members, to be worked on in this order."""
        self._waiting.extend(members)
        self._feed()

    def wait(self, seconds: float) -> list[Report]:
        """Wait for reports, at most this long, and return those that have come.

        Raises:
            StorageError: if the folder of the sweep cannot be written.
            EngineError: if workers die as soon as they are started.
        """
        ready = [key.fileobj for key, _ in self._selector.select(seconds if self._at_work else 0)]
        reports = [report for worker in ready if isinstance(worker, WorkerProcess) for report in self._take(worker)]
        self._feed()
        return reports

    def stop(self) -> None:
        """Let members that are trained be saved and ended, drop those that wait, and return when that is done."""
        self._waiting.clear()
        workers = [*self._at_work, *self._idle]
        for worker in workers:
            worker.ask_no_more()
        for worker in workers:
            worker.has_ended(STOP_SECONDS)
            worker.end()
        self._at_work.clear()
        self._idle.clear()
        self._selector.close()

    def _take(self, worker: WorkerProcess) -> list[Report]:
        """Take the report of a worker that has one; if it has died, queue its member again."""
        answer: Any = worker.answer()
        member = self._at_work.pop(worker)
        if isinstance(answer, Report):
            self._n_deaths = 0
            self._idle.append(worker)
            return [answer]
        self._selector.unregister(worker)
        if not isinstance(answer, ProcessDiedError):
            raise answer
        worker.end()
        self._n_deaths += 1
        if self._n_deaths >= MOST_DEATHS:
            raise EngineError(f"{self._n_deaths} workers died one after the other: {self._output} may say why")
        self._waiting.appendleft(member)
        return []

    def _feed(self) -> None:
        while self._waiting and len(self._at_work) < self.n_workers:
            worker = self._idle.pop() if self._idle else self._started()
            member = self._waiting.popleft()
            self._at_work[worker] = member
            worker.ask(member)

    def _started(self) -> WorkerProcess:
        with self._output.open("ab") as output:
            worker = WorkerProcess("worked on a member", "grokterm.sweeps.worker", str(self._sweep.path), stderr=output)
        self._selector.register(worker, selectors.EVENT_READ)
        return worker

    @property
    def _output(self) -> Path:
        return self._sweep.path / OUTPUT
