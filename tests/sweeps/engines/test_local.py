"""The local engine, with real processes."""

import os
import signal
from pathlib import Path

import pytest

from grokterm.sweeps.engines.local import LocalEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.work import Work
from tests.sweeps.fixtures import TINY, tiny_sweep


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
