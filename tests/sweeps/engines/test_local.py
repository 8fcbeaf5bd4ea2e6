"""The local engine, with real processes."""

import os
import signal
import sys
from pathlib import Path

import pytest
import torch

from grokterm.errors import EngineError, StorageError
from grokterm.models.processor import available_cores
from grokterm.sweeps.engines import local
from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.work import Work
from tests.sweeps.fixtures import TINY, tiny_sweep

ENDS = """
import os, pathlib, sys
pathlib.Path({folder!r}, f"on-{{os.environ['CUDA_VISIBLE_DEVICES']}}-{{os.getpid()}}").touch()
sys.exit(9)
"""


def test_each_device_has_a_worker_and_one_that_dies_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "find_device", torch.device)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(local, "WORKER", (sys.executable, "-c", ENDS.format(folder=str(tmp_path))))
    sweep = tiny_sweep(tmp_path, settings=TINY | {"device": "cuda"})
    engine = LocalEngine(sweep)
    assert engine.n_workers == 2
    engine.submit(sweep.members())
    while len(seen := sorted(path.name for path in tmp_path.glob("on-*"))) < 4:
        assert engine.wait(1) == []
    assert [name.split("-")[1] for name in seen] == ["0", "0", "1", "1"]
    engine.stop()
    assert LocalEngine(sweep, 3).n_workers == 3
    assert LocalEngine(tiny_sweep(tmp_path, settings=TINY | {"device": "cuda:1"})).n_workers == 1


@pytest.mark.slow
def test_a_sweep_survives_the_death_of_a_worker_and_gives_what_one_process_gives(tmp_path: Path) -> None:
    sweep, alone = tiny_sweep(tmp_path / "a"), tiny_sweep(tmp_path / "b")
    engine = LocalEngine(sweep, 2)
    scheduler = Scheduler(sweep, Grid(sweep.members()), engine)
    for number, _ in enumerate(scheduler.run()):
        if number == 0:
            os.kill(engine.workers[0].pid, signal.SIGKILL)
    assert scheduler.progress.n_done == len(sweep.members()) == 4
    for member in alone.members():
        Work(alone).on(member)
        one, other = (folder.result_of(member.key) for folder in (sweep, alone))
        assert one is not None
        assert other is not None
        assert one.model_copy(update={"seconds": 0, "attempts": 1}) == other.model_copy(update={"seconds": 0})


ANSWERS = """
import pickle, sys
sys.stdin.buffer.read1()
pickle.dump([], sys.stdout.buffer)
sys.stdout.flush()
sys.stdin.read()
"""


def test_a_worker_that_dies_while_it_has_nothing_to_do_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WORKER", (sys.executable, "-c", ANSWERS))
    sweep = tiny_sweep(tmp_path)
    first, second, *_ = sweep.members()
    engine = LocalEngine(sweep, 1)
    engine.submit([first])
    worker = engine.workers[0]
    while engine.workers:
        engine.wait(1)
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.has_ended(60.0)
    assert engine.wait(1) == []
    engine.submit([second])
    assert engine.workers[0].pid != worker.pid
    engine.stop()


DIES = (sys.executable, "-I", "-S", "-c", "")
"""Ends as soon as it is begun."""


def test_workers_that_die_as_soon_as_they_are_started_end_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WORKER", DIES)
    monkeypatch.setattr(local, "MOST_DEATHS", 3)
    scheduler = Scheduler(sweep := tiny_sweep(tmp_path), Grid(sweep.members()), LocalEngine(sweep, 1))
    with pytest.raises(EngineError, match=r"3 workers died one after the other: .*/tiny-sweep/output.log may say why"):
        list(scheduler.run())
    assert sweep.results() == {}


def test_a_worker_that_cannot_be_started_ends_the_sweep_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WORKER", (str(tmp_path / "missing"),))
    engine = LocalEngine(sweep := tiny_sweep(tmp_path), 1)
    with pytest.raises(EngineError, match=r"no worker process can be started: .*No such file or directory: '.*/missing'"):
        engine.submit(sweep.members())
    engine.stop()


REFUSES = """
import pickle, sys
from grokterm.errors import StorageError
sys.stdin.buffer.read1()
pickle.dump(StorageError("its folder is gone"), sys.stdout.buffer)
"""


def test_what_every_member_would_fail_for_ends_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "WORKER", (sys.executable, "-c", REFUSES))
    scheduler = Scheduler(sweep := tiny_sweep(tmp_path), Grid(sweep.members()), LocalEngine(sweep, 1))
    with pytest.raises(StorageError, match=r"^its folder is gone$"):
        list(scheduler.run())


def test_a_device_that_is_not_there_is_for_each_member_to_refuse(tmp_path: Path) -> None:
    assert LocalEngine(tiny_sweep(tmp_path, settings=TINY | {"device": "cuda:99"})).n_workers == available_cores()


@pytest.mark.slow
def test_a_sweep_that_is_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    long = TINY | {"training": {"steps": 2_000_000, "evaluate_every": 100_000}}
    sweep = tiny_sweep(tmp_path, {}, long)
    scheduler = Scheduler(sweep, Grid(sweep.members()), LocalEngine(sweep, 1))
    for _ in scheduler.run():
        if (run := sweep.run_of(sweep.members()[0].key)) is not None and run.journal.stat().st_size:
            scheduler.stop()
    assert sweep.results() == {}
    assert not list((sweep.path / "leases").iterdir())
    assert run is not None
    assert b'"interrupted"' in run.journal.read_bytes()
