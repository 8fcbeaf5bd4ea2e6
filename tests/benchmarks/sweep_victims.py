"""What of a sweep can be killed: the processes of the local engine, and those and the nodes of a Ray cluster."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

from grokterm.runs.owner import life
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Claim, read_claim
from tests.sweeps.engines.cluster import SmallCluster


class Victim(NamedTuple):
    """What can be killed now."""

    kind: Literal["scheduler", "worker", "node"]
    """Each is as likely as the others. A scheduler is to be started again."""

    name: str
    kill: Callable[[], None]


class Place(Protocol):
    """Where members are worked on."""

    arguments: Sequence[str]
    """What a scheduler is started with: engine, workers, address."""

    def at_work(self, sweep: SweepFolder) -> list[Claim]:
        """List the processes that train a member now."""

    def victims(self, sweep: SweepFolder, scheduler: int) -> list[Victim]:
        """List what can be killed, given the process of the scheduler."""

    def close(self) -> None:
        """End what is still there."""


class ThisHost:
    """The local engine."""

    def __init__(self, n_workers: int) -> None:
        self.arguments: Sequence[str] = ["local", str(n_workers), ""]

    def at_work(self, sweep: SweepFolder) -> list[Claim]:
        """List the processes that train a member now."""
        return _alive([sweep.path / "leases"])

    def victims(self, sweep: SweepFolder, scheduler: int) -> list[Victim]:
        """List the scheduler and its workers, also those that only start."""
        del sweep
        workers = [Victim("worker", "worker", _killing(pid)) for pid in _children(scheduler)]
        return [Victim("scheduler", "scheduler", _killing(scheduler)), *workers]

    def close(self) -> None:
        """Nothing stays."""


class RayCluster:
    """A cluster of nodes with a core each, which see the folder of the sweep or do not."""

    def __init__(self, n_nodes: int, folder: Path) -> None:
        self._cluster = SmallCluster(folder, n_nodes)
        self.arguments: Sequence[str] = ["ray", "0", self._cluster.address]

    def at_work(self, sweep: SweepFolder) -> list[Claim]:
        """List the processes that train a member now, in the folder or in that of a node."""
        own = (folder for home in self._cluster.homes for folder in home.glob(f"grokterm-*/{sweep.name}/leases"))
        return _alive([sweep.path / "leases", *own])

    def victims(self, sweep: SweepFolder, scheduler: int) -> list[Victim]:
        """List the scheduler with and without the process that speaks to Ray, that one, workers that train, and nodes."""
        drivers = _children(scheduler)
        workers = [claim.pid for claim in self.at_work(sweep) if claim.pid not in drivers]
        return [
            Victim("scheduler", "scheduler", _killing(scheduler)),
            Victim("scheduler", "scheduler with its driver", _killing(scheduler, *drivers)),
            *(Victim("scheduler", "driver", _killing(pid)) for pid in drivers),
            *(Victim("worker", "worker", _killing(pid)) for pid in workers),
            *(Victim("node", "node", self._replacing(number)) for number in range(len(self._cluster.nodes))),
        ]

    def close(self) -> None:
        """End the cluster."""
        self._cluster.shut_down()

    def _replacing(self, number: int) -> Callable[[], None]:
        def replace() -> None:
            self._cluster.remove_node(self._cluster.nodes[number], gracefully=False)
            self._cluster.add_node()

        return replace


def _killing(*pids: int) -> Callable[[], None]:
    def kill() -> None:
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    return kill


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()]


def _alive(folders: Sequence[Path]) -> list[Claim]:
    return [claim for folder in folders for claim in _claims(folder) if life(claim) == "alive"]


def _claims(folder: Path) -> Iterator[Claim]:
    with suppress(FileNotFoundError):  # a node that was just killed, or that works on nothing yet
        for path in folder.iterdir():
            if not path.name.startswith(".") and (claim := read_claim(path)) is not None:
                yield claim
