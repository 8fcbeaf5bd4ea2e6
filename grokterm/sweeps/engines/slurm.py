"""The Slurm engine: members packed into array jobs, which submitit submits, and requeues when their time is over.

Jobs and this process share the sweep's folder, and meet nowhere else: results are found there, and a file there stops the jobs.
"""

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import submitit
from submitit.helpers import DelayedSubmission

from grokterm.engines.arithmetic import steady_arithmetic
from grokterm.errors import ConfigError, EngineError, StorageError
from grokterm.plugins.loading import load_shipped, loaded_files
from grokterm.runs.storage.unwritable import gone
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import is_claimed
from grokterm.sweeps.work import Report, Work

LOGS = "slurm"  # the folder of what jobs are given and say, below the sweep's

USUAL_JOBS = 64  # side by side

DEFAULTS = {"timeout_min": 60, "cpus_per_task": 1}

LOOK_SECONDS = 1.0  # between two looks at the folder
ASK_SECONDS = 30.0  # between two questions to Slurm about jobs that say nothing
SAVE_SECONDS = 30.0  # in which a job saves what it trains
END_SECONDS = 5.0  # more, in which it ends

MOST_DEATHS = 5  # of jobs, besides all at once, without a result: then it is not the member

MOST_TIMEOUTS = 1000  # of one job: each goes on where the last one was


class Pack:
    """Members that one job works on, one after the other, also after it was requeued."""

    def __init__(self, path: Path, stop: Path) -> None:
        self._path, self._stop, self._plugins = path, stop, loaded_files()

    def __call__(self, members: Sequence[Member]) -> list[Report]:
        """Work on the members, in a thread of its own: signals come to this one."""
        load_shipped(self._plugins)
        self._work, is_over = Work(SweepFolder(self._path)), Event()
        Thread(target=self._watch, args=(is_over,), name="stop", daemon=True).start()
        with ThreadPoolExecutor(1) as pool:
            self._reports: Future[list[Report]] = pool.submit(self._worked, members)
            try:
                return self._reports.result()
            finally:
                is_over.set()

    def checkpoint(self, members: Sequence[Member]) -> DelayedSubmission:
        """Save and end what is trained, and say how to go on: submitit calls it at the end of the time."""
        self._work.stop()
        wait([self._reports], SAVE_SECONDS)
        return DelayedSubmission(Pack(self._path, self._stop), members)

    def _worked(self, members: Sequence[Member]) -> list[Report]:
        with steady_arithmetic():
            return [self._work.on(member) for member in members]

    def _watch(self, is_over: Event) -> None:
        while not is_over.wait(LOOK_SECONDS):
            if self._stop.exists():
                self._work.stop()
                return


@dataclass(eq=False)
class _Job:
    """A job, and what of its members is not known yet."""

    job: Any
    members: dict[str, Member]


class SlurmEngine:
    """A queue of jobs. The members of one that has died are submitted again."""

    def __init__(
        self, sweep: SweepFolder, n_workers: int | None = None, options: Mapping[str, Any] | None = None, cluster: str = "slurm"
    ) -> None:
        self.n_workers = n_workers or USUAL_JOBS
        self._sweep = sweep
        logs = sweep.path / LOGS
        self._stop = logs / f"stop-{secrets.token_hex(8)}"
        try:
            self._executor = submitit.AutoExecutor(logs / "%j", cluster=cluster, slurm_max_num_timeout=MOST_TIMEOUTS)
            limit = {"slurm_array_parallelism": self.n_workers}
            self._executor.update_parameters(name=sweep.name, **limit, **DEFAULTS, **(options or {}))
        except (RuntimeError, ValueError, TypeError, AssertionError, NameError) as error:
            raise ConfigError(f"engine slurm: {_line(error)}") from None
        self._queued: list[Member] = []
        self._jobs: list[_Job] = []
        self._n_deaths = 0
        self._asked_at = monotonic()

    @property
    def working(self) -> Sequence[str]:
        """The keys of the members that jobs have claimed."""
        claimed = _names(self._sweep.leases_folder)
        return [key for job in self._jobs for key in job.members if key in claimed]

    def submit(self, members: Sequence[Member]) -> None:
        """Queue members, to be worked on in about this order."""
        self._queued.extend(members)

    def wait(self, seconds: float) -> list[Report]:
        """Wait for reports, at most this long, and return those that have come.

        Raises:
            StorageError: if the folder of the sweep cannot be read.
            EngineError: if jobs end as soon as they are begun, or Slurm refuses them.
        """
        reports = self._submitted()
        end = monotonic() + seconds
        while True:
            reports += self._found() + self._ended()
            if reports or (left := end - monotonic()) <= 0:
                return reports
            sleep(min(left, LOOK_SECONDS))

    def stop(self) -> None:
        """Let members that are trained be saved and ended, cancel jobs that wait, and return when that is done."""
        self._queued.clear()
        if not self._jobs:
            return
        with suppress(OSError, StorageError):  # on a full disk, or without the folder, jobs are cancelled, and save nothing
            self._stop.touch()
            _until(lambda: not self.working, SAVE_SECONDS)
        self._until_all_ended()
        for job in self._jobs:
            if not job.job.done():
                job.job.cancel(check=False)
        self._until_all_ended()

    def _until_all_ended(self) -> None:
        _until(lambda: all(job.job.done() for job in self._jobs), END_SECONDS)

    def _submitted(self) -> list[Report]:
        """Submit what is queued, but what another process works on: it is only reported."""
        queued, self._queued = self._queued, []
        elsewhere = [member.key for member in queued if is_claimed(self._sweep.lease_of(member.key))]
        mine = [member for member in queued if member.key not in elsewhere]
        packs = [mine[first :: self.n_workers] for first in range(min(self.n_workers, len(mine)))]
        if packs:
            try:
                jobs = self._executor.map_array(Pack(self._sweep.path, self._stop), packs)
            except (RuntimeError, OSError) as error:
                raise EngineError(f"slurm takes no job: {_line(error)}") from None
            self._jobs += [_Job(job, {member.key: member for member in pack}) for job, pack in zip(jobs, packs, strict=True)]
        return [Report(key, "elsewhere") for key in elsewhere]

    def _found(self) -> list[Report]:
        """Report members whose results have come into the folder."""
        there = _names(self._sweep.results_folder)
        found = [(job, key) for job in self._jobs for key in job.members if f"{key}.json" in there]
        for job, key in found:
            del job.members[key]
        if found:
            self._n_deaths = 0
        return [Report(key, "done") for _, key in found]

    def _ended(self) -> list[Report]:
        """Report what jobs say at their end of members without a result; queue those of a job that has died again."""
        is_due = monotonic() - self._asked_at > ASK_SECONDS
        if is_due:
            self._asked_at = monotonic()
        ended = [one for number, one in enumerate(self._jobs) if one.job.done(force_check=is_due and number == 0)]
        reports = self._found() if ended else []  # of the last moment
        for one in ended:
            self._jobs.remove(one)
            reports += self._last_reports(one)
        return reports

    def _last_reports(self, ended: _Job) -> list[Report]:
        if not ended.members:
            return []
        if (said := _said(ended.job)) is not None:
            return [report for report in said if report.key in ended.members]
        self._n_deaths += 1
        if self._n_deaths >= self.n_workers + MOST_DEATHS:
            raise EngineError(f"{self._n_deaths} jobs ended one after the other: {ended.job.paths.stderr} may say why")
        self._queued += ended.members.values()
        return []


def _said(job: Any) -> list[Report] | None:  # noqa: ANN401 - submitit's own
    """Return the reports of a job that has ended; None if it has died."""
    if not job.paths.result_pickle.exists():  # for which submitit would wait
        return None
    try:
        return list(job.result())
    except RuntimeError:  # what it has raised
        return None


def _names(folder: Path) -> set[str]:
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries}
    except OSError as error:
        raise StorageError(gone(folder) or f"{folder} cannot be read: {error.strerror}") from None


def _until(is_so: Callable[[], bool], seconds: float) -> None:
    end = monotonic() + seconds
    while not is_so() and monotonic() < end:
        sleep(0.1)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
