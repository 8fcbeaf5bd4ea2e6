"""The local engine: worker processes of this machine, one for each core, or for each CUDA device if that is where they train.

On a CPU each works on one member at a time, with one thread; on a GPU on the seeds of a point together.
"""

import os
import selectors
import sys
from collections import deque
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch

from grokterm.engines.device import find_device
from grokterm.errors import ConfigError, EngineError, ProcessDiedError
from grokterm.models.processor import available_cores
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.work import Report
from grokterm.training.worker_process import WorkerProcess

WORKER = (sys.executable, "-m", "grokterm.sweeps.worker")

VISIBLE = "CUDA_VISIBLE_DEVICES"

OUTPUT = "output.log"  # what workers say besides their answers

STOP_SECONDS = 30.0  # in which a stopped worker saves what it trains

MOST_TOGETHER = 64  # seeds of a point on a GPU: what is saved of them, and shown, comes with the last of them

MOST_DEATHS = 10  # for each worker, without any report between them: then it is not the member


class LocalEngine:
    """A pool of processes. The member of one that dies is queued again; the others go on alone for a while.

    For memory may be short: each report lets one more process start, up to the number of workers.
    """

    def __init__(self, sweep: SweepFolder, n_workers: int | None = None) -> None:
        device = _device(sweep.settings.get("device", "auto"))
        places = _places(device)
        self._most_together = MOST_TOGETHER if device.type == "cuda" else 1
        self.n_workers = n_workers or len(places)
        self._sweep = sweep
        self._free = deque(islice(cycle(places), self.n_workers))
        self._place: dict[WorkerProcess, str | None] = {}
        self._waiting: deque[Sequence[Member]] = deque()
        self._at_work: dict[WorkerProcess, Sequence[Member]] = {}
        self._idle: list[WorkerProcess] = []
        self._selector = selectors.DefaultSelector()
        self._n_deaths = 0
        self._n_at_once = self.n_workers

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members that are worked on now."""
        return [member.key for members in self._at_work.values() for member in members]

    @property
    def workers(self) -> Sequence[WorkerProcess]:
        """The processes that work on a member now."""
        return list(self._at_work)

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members, to be worked on in this order, or those of a point together."""
        self._waiting += _groups(members, self._most_together)
        self._feed()

    def wait(self, seconds: float) -> list[Report]:
        """Wait for reports, at most this long, and return those that have come.

        Raises:
            StorageError: if the folder of the sweep cannot be written.
            EngineError: if workers die as soon as they are started.
        """
        ready = [key.fileobj for key, _ in self._selector.select(seconds)]
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
        """Take the report of a worker that has one; if it has died, queue its members again."""
        answer: Any = worker.answer()
        members = self._at_work.pop(worker, None)
        if isinstance(answer, list):
            self._n_deaths = 0
            self._n_at_once = min(self.n_workers, self._n_at_once + 1)
            self._idle.append(worker)
            return answer
        self._selector.unregister(worker)
        worker.end()
        self._free.append(self._place.pop(worker))
        if not isinstance(answer, ProcessDiedError):
            raise answer
        if members is None:
            self._idle.remove(worker)
            return []
        self._n_deaths += 1
        if self._n_deaths >= MOST_DEATHS * self.n_workers:
            raise EngineError(f"{self._n_deaths} workers died one after the other: {self._output} may say why")
        self._n_at_once = max(1, len(self._at_work))
        self._waiting.appendleft(members)
        return []

    def _feed(self) -> None:
        while self._waiting and len(self._at_work) < self._n_at_once:
            worker = self._idle.pop() if self._idle else self._started()
            members = self._waiting.popleft()
            self._at_work[worker] = members
            worker.ask(members)

    def _started(self) -> WorkerProcess:
        place, command = self._free.popleft(), [*WORKER, str(self._sweep.path)]
        environment = None if place is None else {**os.environ, VISIBLE: place}
        try:
            with self._output.open("ab") as output:
                worker = WorkerProcess("worked on a member", command, environment=environment, stderr=output)
        except OSError as error:
            raise EngineError(f"no worker process can be started: {error}") from None
        self._place[worker] = place
        self._selector.register(worker, selectors.EVENT_READ)
        return worker

    @property
    def _output(self) -> Path:
        return self._sweep.path / OUTPUT


def _groups(members: Sequence[Member], most: int) -> list[Sequence[Member]]:
    """Group members: each by itself, or those of a point, so many at most."""
    if most == 1:
        return [(member,) for member in members]
    by_point: dict[str, list[Member]] = {}
    for member in members:
        by_point.setdefault(repr(member.point.columns), []).append(member)
    return [group[first : first + most] for group in by_point.values() for first in range(0, len(group), most)]


def _device(name: str) -> torch.device:
    try:
        return find_device(name)
    except ConfigError:  # as each member says
        return torch.device("cpu")


def _places(device: torch.device) -> Sequence[str | None]:
    """List where workers train: CUDA devices, as `CUDA_VISIBLE_DEVICES` names them, or None where they need no telling."""
    if device.type == "cpu":
        return [None] * available_cores()
    if device.type != "cuda" or device.index is not None:
        return [None]
    return os.environ.get(VISIBLE, ",".join(map(str, range(torch.cuda.device_count())))).split(",")
