"""The process that speaks to a Ray cluster, `python -m grokterm.sweeps.engines.ray_driver FOLDER NONCE ADDRESS WORKERS`.

It ends with its parent: what is trained is saved then, and ended.
"""

import signal
import socket
import sys
from collections import deque
from contextlib import suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from grokterm.errors import ConfigError, EngineError, GroktermError, StorageError
from grokterm.models.processor import available_cores
from grokterm.plugins.loading import loaded_files
from grokterm.sweeps.engines.ray import STOP_SECONDS, Request, Round
from grokterm.sweeps.engines.ray_task import Bell, Origin, work_on
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import is_claimed
from grokterm.sweeps.storage.parcel import Parcel, definition_of, pack, unpack
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Report
from grokterm.training.signals import ENDING, SAVING
from grokterm.training.worker_process import requests, serve

PROBE_SECONDS = 3.0  # in which a host must answer

COUNT_SECONDS = 1.0  # between two looks at how large the cluster is

MOST_RETRIES = 10  # of a member whose worker or node died; where they share a folder, its leases count too, and sooner

QUIET = {"log_to_driver": False, "logging_level": "error", "namespace": "grokterm"}


class Tasks:
    """The tasks of one sweep in a Ray cluster: one a member, at most one a worker."""

    def __init__(self, sweep: SweepFolder, nonce: str, address: str, most: int | None) -> None:
        connect(address, most)
        self._sweep, self._most = sweep, most
        self._waiting: deque[Member] = deque()
        self._at_work: dict[Any, Member] = {}
        self._n_workers, self._counted_at = 0, 0.0
        self._resource = resource_of(str(sweep.settings.get("device", "auto")), ray.cluster_resources())
        self._origin = ray.put(Origin(sweep.path, nonce, definition_of(sweep), loaded_files()))
        bell = ray.remote(Bell).options(num_cpus=0, max_concurrency=100_000, max_restarts=-1, max_task_retries=-1)
        self._bell = bell.remote()
        on_gpu = {"num_gpus": 1} if self._resource == "GPU" else {}
        self._work_on = ray.remote(work_on).options(num_cpus=1, max_retries=MOST_RETRIES, retry_exceptions=False, **on_gpu)

    def round(self, request: Request) -> Round:
        """Submit members, and wait for reports.

        Raises:
            StorageError: if the folder of the sweep cannot be written here, or where a member was worked on.
            EngineError: if the cluster is gone, or its nodes cannot work on members.
        """
        self._waiting.extend(request.members)
        try:
            reports = self._feed()
            reports += self._reports(0 if reports else request.seconds)
            reports += self._feed()
        except RayError as error:
            raise EngineError(f"the connection to Ray is lost: {_line(error)}") from None
        return Round(reports, [member.key for member in self._at_work.values()], self._n_workers)

    def stop(self) -> None:
        """Let members that are trained be saved and ended, and take in those that nodes send back."""
        self._waiting.clear()
        self._bell.ring.remote()
        end = monotonic() + STOP_SECONDS
        while self._at_work and (left := end - monotonic()) > 0:
            with suppress(GroktermError, RayError):
                self._reports(left)
        ray.shutdown()

    def _feed(self) -> list[Report]:
        """Submit members that wait, as many as there is room for, but what another process works on: it is only reported."""
        if monotonic() - self._counted_at > COUNT_SECONDS:
            n_there = int(ray.cluster_resources().get(self._resource, 0))
            self._n_workers = min(n_there, self._most or n_there)
            self._counted_at = monotonic()
        elsewhere = []
        while self._waiting and len(self._at_work) < max(1, self._n_workers):
            member = self._waiting.popleft()
            if is_claimed(self._sweep.lease_of(member.key)):
                elsewhere.append(Report(member.key, "elsewhere"))
                continue
            begun = self._sweep.run_of(member.key) is not None
            before = [ray.put(pack(self._sweep, member.key))] if begun else []
            self._at_work[self._work_on.remote(self._origin, self._bell, member, before)] = member
        return elsewhere

    def _reports(self, seconds: float) -> list[Report]:
        if not self._at_work:
            sleep(seconds)
            return []
        ready, _ = ray.wait(list(self._at_work), timeout=seconds)
        if ready:
            ready, _ = ray.wait(list(self._at_work), num_returns=len(self._at_work), timeout=0)
        return [self._taken(reference, self._at_work.pop(reference)) for reference in ready]

    def _taken(self, reference: Any, member: Member) -> Report:  # noqa: ANN401 - Ray's own
        try:
            answer = ray.get(reference)
        except RayTaskError as error:
            if isinstance(error.cause, GroktermError):
                raise error.cause from None
            raise EngineError(f"a node of the cluster cannot work on members: {error.cause or _line(error)}") from None
        except RayError as error:  # no retries are left
            self._keep(Parcel(member.key, {}, Result(key=member.key, outcome="failed", problem=f"ray: {_line(error)}")))
            return Report(member.key, "done")
        return self._keep(answer) if isinstance(answer, Parcel) else answer

    def _keep(self, parcel: Parcel) -> Report:
        """Write what a node has sent back."""
        try:
            if not unpack(parcel, self._sweep):
                return Report(parcel.key, "elsewhere")
        except OSError as error:
            raise StorageError(f"{self._sweep.path} cannot be written: {error.strerror}") from None
        return Report(parcel.key, "done" if parcel.result is not None else "stopped")


def connect(address: str, most: int | None) -> None:
    """Join a cluster; without an address start one of this host alone.

    Raises:
        ConfigError: if it does not answer, or does not want this process.
    """
    if address.startswith("ray://"):
        raise ConfigError("a ray:// address is for thin clients: run this on a host of the cluster, with --address auto")
    if address not in ("", "auto"):
        _probe(address)
    alone = {} if address else {"num_cpus": most or available_cores(), "include_dashboard": False}
    try:
        ray.init(address=address or "local", **alone, **QUIET)
    except ConnectionError as error:
        if address == "auto":
            raise ConfigError("no Ray runs on this host: `ray start --address HOST:6379` joins it to a cluster") from None
        raise ConfigError(f"ray at {address}: {_line(error)}: is it Ray's port, and the token that of the cluster?") from None
    except (RayError, RuntimeError, ValueError, OSError) as error:
        raise ConfigError(f"ray at {address or 'this host'}: {_line(error)}") from None


def _probe(address: str) -> None:
    host, _, port = address.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port[:6]) < 2**16):
        raise ConfigError(f"address must be auto or HOST:PORT, such as 10.0.0.1:6379, not {address!r}")
    try:
        socket.create_connection((host, int(port)), PROBE_SECONDS).close()
    except (OSError, UnicodeError) as error:  # the latter of a host's name
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"no Ray answers at {address}: {reason}: `ray start --head` starts one there") from None


def resource_of(device: str, resources: dict[str, float]) -> str:
    """Name what a worker takes one of: GPU, if the members want one and the cluster has some, else CPU.

    Raises:
        ConfigError: if the cluster cannot give what the members want.
    """
    n_gpus = resources.get("GPU", 0)
    if device.startswith("cuda:"):
        raise ConfigError(f"device {device}: ray gives each worker a GPU of its own: write device = cuda")
    if device == "cuda" and not n_gpus:
        raise ConfigError("device cuda: the cluster has no GPU: choose auto or cpu")
    return "GPU" if n_gpus and device in ("auto", "cuda") else "CPU"


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def main() -> None:
    """Answer each request with what has come."""
    if hasattr(signal, "pthread_sigmask"):  # blocked at its start, and Ray's own processes would inherit that
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {*ENDING, *SAVING})
    folder, nonce, address, most = sys.argv[1:]
    tasks = cache(lambda: Tasks(SweepFolder(Path(folder)), nonce, address, int(most) or None))
    serve(requests(), lambda request: tasks().round(request))
    if tasks.cache_info().currsize:
        tasks().stop()


if __name__ == "__main__":
    main()
