"""The Slurm engine, on submitit's local queue."""

import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest
import submitit

from grokterm.errors import ConfigError, EngineError, StorageError
from grokterm.sweeps.engines import slurm
from grokterm.sweeps.engines.slurm import Pack, SlurmEngine
from grokterm.sweeps.scheduler import Grid, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import read_claim
from grokterm.sweeps.work import Report
from tests.sweeps.engines.same import assert_same, trained_alone
from tests.sweeps.fixtures import LONG, TWO, tiny_sweep


def test_without_slurm_it_is_refused_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigError, match=r'engine slurm: Could not detect "srun"'):
        SlurmEngine(tiny_sweep(tmp_path))


def test_an_option_that_slurm_does_not_have_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"engine slurm: .*timeout_minutes"):
        SlurmEngine(tiny_sweep(tmp_path), options={"timeout_minutes": 5}, cluster="local")


class Job:
    """A job that has ended, and what it has said; without a word it has died."""

    def __init__(self, folder: Path, said: list[Report] | Exception | None, *, is_done: bool = True) -> None:
        self.paths = SimpleNamespace(
            stderr=folder / "job.err", result_pickle=folder if said is not None else folder / "missing"
        )
        self.is_done, self._said = is_done, said

    def done(self, *, force_check: bool = False) -> bool:
        return self.is_done or force_check

    def result(self) -> list[Report]:
        if isinstance(self._said, list):
            return self._said
        raise self._said or AssertionError

    def cancel(self, *, check: bool) -> None:
        assert not check
        self.is_done = True


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    return tiny_sweep(tmp_path, {"seeds": 1})


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job | Exception]:
    """What becomes of the jobs that are submitted, in order."""
    jobs: list[Job | Exception] = []

    def submit(*_: object) -> list[Job]:
        if isinstance(job := jobs.pop(0), Exception):
            raise job
        return [job]

    monkeypatch.setattr(submitit.AutoExecutor, "map_array", submit)
    return jobs


def test_what_a_job_says_at_its_end_is_reported_and_one_that_died_is_submitted_again(
    sweep: SweepFolder, jobs: list[Job | Exception]
) -> None:
    (member,) = sweep.members()
    engine = SlurmEngine(sweep, 1, cluster="local")
    stopped = Report(member.key, "stopped")
    jobs += [
        Job(sweep.path, None),
        Job(sweep.path, RuntimeError("killed")),
        Job(sweep.path, [stopped, Report("other", "done")]),
    ]
    engine.submit([member])
    assert [engine.wait(0) for _ in range(3)] == [[], [], [stopped]]
    assert jobs == []


def test_jobs_that_end_as_soon_as_they_are_begun_end_the_sweep(sweep: SweepFolder, jobs: list[Job | Exception]) -> None:
    engine = SlurmEngine(sweep, 1, cluster="local")
    jobs += [Job(sweep.path, None) for _ in range(10)]
    engine.submit(sweep.members())
    with pytest.raises(EngineError, match=r"6 jobs ended one after the other: .*/job.err may say why"):
        [engine.wait(0) for _ in range(10)]
    assert len(jobs) == 4


def test_a_job_that_slurm_refuses_ends_the_sweep_in_a_line(sweep: SweepFolder, jobs: list[Job | Exception]) -> None:
    jobs.append(RuntimeError("sbatch: error:\n  invalid partition"))
    scheduler = Scheduler(sweep, Grid(sweep.members()), SlurmEngine(sweep, 1, cluster="local"))
    with pytest.raises(EngineError, match=r"^slurm takes no job: sbatch: error: invalid partition$"):
        list(scheduler.run())


def test_a_job_that_waits_is_cancelled_when_the_sweep_is_stopped(
    sweep: SweepFolder, jobs: list[Job | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "END_SECONDS", 0.0)
    engine = SlurmEngine(sweep, 1, cluster="local")
    jobs.append(job := Job(sweep.path, None, is_done=False))
    engine.submit(sweep.members())
    assert engine.wait(0) == []
    engine.stop()
    assert job.is_done


def test_a_folder_that_vanishes_ends_the_sweep_in_a_line_and_its_jobs(
    sweep: SweepFolder, jobs: list[Job | Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slurm, "END_SECONDS", 0.0)
    jobs.append(job := Job(sweep.path, None, is_done=False))
    scheduler = Scheduler(sweep, Grid(sweep.members()), SlurmEngine(sweep, 1, cluster="local"))
    progress = scheduler.run()
    next(progress)
    shutil.rmtree(sweep.path)
    with pytest.raises(StorageError, match=r"its folder is gone: .*/tiny-sweep was moved or deleted: put it back"):
        list(progress)
    assert job.is_done


def test_a_job_saves_what_it_trains_and_ends_once_it_is_told_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "LOOK_SECONDS", 0.001)
    sweep = tiny_sweep(tmp_path, {"seeds": 2}, LONG)
    (stop := tmp_path / "stop").touch()
    assert Pack(sweep.path, stop)(sweep.members()) == [Report(member.key, "stopped") for member in sweep.members()]
    assert sweep.results() == {}


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
