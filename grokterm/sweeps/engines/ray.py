"""The Ray engine: tasks of a Ray cluster, which places them, and repeats those whose worker or node has died.

A process of its own speaks to Ray, which prints where it likes, takes over signals, and ends its process with the cluster.
"""

import os
import secrets
import select
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from grokterm.errors import ConfigError, EngineError, ProcessDiedError
from grokterm.sweeps.engines.local import OUTPUT
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.parcel import mark_of
from grokterm.sweeps.work import Report
from grokterm.training.worker_process import WorkerProcess

DRIVER = (sys.executable, "-m", "grokterm.sweeps.engines.ray_driver")

JOIN_SECONDS = 30.0  # in which a cluster takes this process in; a closed port is known at once
START_SECONDS = 120.0  # in which Ray starts on this host

STOP_SECONDS = 30.0  # in which workers save what they train
END_SECONDS = 15.0  # more, in which Ray leaves

ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns that it will be so
}

IMPATIENT = {"RAY_NUM_REDIS_GET_RETRIES": "8"}  # seconds in which an open port must turn out to be Ray's


class Request(NamedTuple):
    """What the process that speaks to Ray is asked for."""

    members: Sequence[Member]
    """To be queued."""

    seconds: float
    """To wait for reports."""


class Round(NamedTuple):
    """What it answers."""

    reports: list[Report]
    working: Sequence[str]
    n_workers: int


class RayEngine:
    """Workers of a cluster. They send members back where they do not see the sweep's folder."""

    def __init__(self, sweep: SweepFolder, n_workers: int | None = None, address: str = "") -> None:
        self._output = sweep.path / OUTPUT
        self._queued: list[Member] = []
        self._answered = Round([], [], 0)
        nonce = secrets.token_hex(8)
        mark = Lease.take(mark_of(sweep.path, nonce))
        assert mark is not None  # by its random name
        self._held = ExitStack()
        self._held.enter_context(mark)
        with self._output.open("ab") as output:
            self._driver = WorkerProcess(
                "speaks to Ray",
                [*DRIVER, str(sweep.path), nonce, address, str(n_workers or 0)],
                environment={**os.environ, **ENVIRONMENT, **(IMPATIENT if address else {})},
                stderr=output,
            )
        try:
            self._join(address)
        except BaseException:
            self._end()
            raise

    @property
    def n_workers(self) -> int:
        """How many members are worked on side by side, as large as the cluster is now."""
        return self._answered.n_workers

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members that Ray has been given."""
        return self._answered.working

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members, to be worked on in this order."""
        self._queued.extend(members)

    def wait(self, seconds: float) -> list[Report]:
        """Wait for reports, at most this long, and return those that have come.

        Raises:
            StorageError: if the folder of the sweep cannot be written here, or where a member was worked on.
            EngineError: if Ray is gone, or nodes cannot work on members.
        """
        self._driver.ask(Request(self._queued, seconds))
        self._queued = []
        self._take()
        return self._answered.reports

    def stop(self) -> None:
        """Let members that are trained be saved and ended, drop those that wait, and return when that is done."""
        self._driver.ask_no_more()
        self._driver.has_ended(STOP_SECONDS + END_SECONDS)
        self._end()

    def _join(self, address: str) -> None:
        self._driver.ask(Request([], 0))
        seconds = JOIN_SECONDS if address else START_SECONDS
        if not select.select([self._driver], [], [], seconds)[0]:
            raise ConfigError(f"ray at {address or 'this host'} does not answer within {seconds:.0f} s")
        self._take()

    def _take(self) -> None:
        answer = self._driver.answer()
        if isinstance(answer, ProcessDiedError):
            raise EngineError(f"the connection to Ray is lost: {self._output} may say why")
        if isinstance(answer, Exception):
            raise answer
        self._answered = answer

    def _end(self) -> None:
        self._driver.end()
        self._held.close()
