"""The Ray engine, on a cluster of a head and two nodes, all on this host."""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from grokterm.errors import ConfigError, EngineError
from grokterm.runs.journal import read_journal
from grokterm.sweeps.engines import ray
from grokterm.sweeps.engines.ray import RayEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease, read_claim
from tests.sweeps.engines.cluster import SmallCluster
from tests.sweeps.engines.same import assert_same, trained_alone
from tests.sweeps.engines.test_local import DIES
from tests.sweeps.fixtures import LONG, tiny_sweep

ONE_SHORT = {"grid": {"training.steps": [10, 40_000, 40_001]}}
"""One member that ends long before the others, which can be stopped and disturbed until then."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[SmallCluster]:
    """Two nodes."""
    made = SmallCluster(tmp_path)
    yield made
    made.shut_down()


def _claimant(sweep: SweepFolder, working: Sequence[str]) -> int | None:
    """The process that has begun to train a member."""
    for key in working:
        run, claim = sweep.run_of(key), read_claim(sweep.lease_of(key))
        if run and claim and run.journal.stat().st_size:
            return claim.pid
    return None


@pytest.mark.slow
def test_a_sweep_on_a_cluster_comes_to_what_one_process_comes_to(cluster: SmallCluster, tmp_path: Path) -> None:
    """One test, because Ray takes seconds to start: nodes without the folder, a stop, and nodes with it, one of which dies."""
    sweep = tiny_sweep(tmp_path / "sweep", ONE_SHORT, LONG)
    engine = RayEngine(sweep, address=cluster.address)
    assert engine.n_workers == 2
    next(sweep.path.glob(".seen-*")).unlink()  # as on hosts that do not share the folder
    scheduler = Scheduler(sweep, Grid(sweep.members()), engine)
    lease = Lease.take(sweep.lease_of(sweep.members()[1].key))
    assert lease is not None
    with lease:
        for progress in scheduler.run():
            assert sweep.members()[1].key not in progress.working  # which the cluster would train for nothing
            if progress.n_done:
                scheduler.stop()
    nodes = [list(home.glob("grokterm-*/*/sweep.toml")) for home in cluster.homes]
    assert [len(found) for found in nodes] == [1, 1]
    arrived = [run for member in sweep.members() if (run := sweep.run_of(member.key))]
    assert 10 in {read_journal(run.journal)[-1].step for run in arrived}
    assert len(arrived) > len(sweep.results())  # also what was stopped

    is_disturbed = False
    for progress in Scheduler(sweep, Grid(sweep.members()), RayEngine(sweep, address=cluster.address)).run():
        if not is_disturbed and (pid := _claimant(sweep, progress.working)):
            os.kill(pid, signal.SIGKILL)
            cluster.remove_node(cluster.nodes[0], gracefully=True)
            is_disturbed = True
    assert is_disturbed
    assert_same(sweep, trained_alone(tmp_path / "alone", sweep))


@pytest.mark.slow
def test_an_address_that_does_not_answer_is_refused_in_a_line(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(ConfigError, match=f"no Ray answers at {address}: Connection refused: `ray start --head` starts one"):
        RayEngine(sweep, address=address)
    assert not list(sweep.path.glob(".seen-*"))


def test_a_connection_that_is_lost_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "DRIVER", DIES)
    with pytest.raises(EngineError, match=r"the connection to Ray is lost: .*/tiny-sweep/output.log may say why"):
        RayEngine(tiny_sweep(tmp_path))


def test_a_cluster_that_takes_nobody_in_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray, "DRIVER", (sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(ray, "JOIN_SECONDS", 0.0)
    sweep = tiny_sweep(tmp_path)
    with pytest.raises(ConfigError, match="ray at head:6379 does not answer within 0 s"):
        RayEngine(sweep, address="head:6379")
    assert not list(sweep.path.glob(".seen-*"))
