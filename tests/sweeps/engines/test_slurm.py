"""The Slurm engine, on submitit's local queue."""

import os
import signal
from pathlib import Path

import pytest

from grokterm.errors import ConfigError
from grokterm.sweeps.engines.slurm import SlurmEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.lease import read_claim
from tests.sweeps.engines.same import assert_same, trained_alone
from tests.sweeps.fixtures import LONG, TWO, tiny_sweep


def test_without_slurm_it_is_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r'engine slurm: Could not detect "srun"'):
        SlurmEngine(tiny_sweep(tmp_path))


def test_an_option_that_slurm_does_not_have_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engine slurm: .*timeout_minutes"):
        SlurmEngine(tiny_sweep(tmp_path), options={"timeout_minutes": 5}, cluster="local")


@pytest.mark.slow
def test_a_job_that_is_killed_or_out_of_time_goes_on_and_comes_to_what_one_process_comes_to(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path / "a", TWO, LONG)
    engine = SlurmEngine(sweep, 2, cluster="local")
    scheduler = Scheduler(sweep, Grid(sweep.members()), engine)
    signals = [signal.SIGUSR2, signal.SIGKILL]  # what announces the end of the time, and what follows it
    signaled = set()
    for progress in scheduler.run():
        for key in progress.working:
            run, claim = sweep.run_of(key), read_claim(sweep.lease_of(key))
            if signals and run and claim and claim.pid not in signaled and run.journal.stat().st_size:
                os.kill(claim.pid, signals.pop(0))
                signaled.add(claim.pid)
    assert len(signaled) == 2
    assert scheduler.progress.n_done == 2
    assert_same(sweep, trained_alone(tmp_path / "b", sweep))
    logs = "".join(path.read_text() for path in (sweep.path / "slurm").rglob("*_log.out"))
    assert "Requeued job" in logs
