"""What a sweep will take here: time, memory and disk, from a short timing of one member."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from grokterm.experiment.experiment import Experiment
from grokterm.runs.results.expected_time import estimate_run
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.members import Member, experiment_at, on_one_thread
from grokterm.training.estimate import Estimate

MILESTONES = 2  # at which a checkpoint is written, besides the one at the end
CHECKPOINT_SECONDS = 60.0  # of training between others
EVALUATION_BYTES = 80  # in a journal
RUN_BYTES = 8_000  # of a run besides: settings, versions, the records around the training, its result


@dataclass(frozen=True)
class SweepEstimate:
    """What the members that are still to be trained need."""

    member_seconds: float
    """Of one member, on one thread."""

    n_workers: int
    seconds: float
    """Of all, on these workers."""

    memory: int | None
    """Bytes of all workers; None where the system does not tell."""

    disk: int
    """Bytes of all runs."""


def estimate(asked: Definition, member: Member, n_members: int, n_workers: int) -> SweepEstimate:
    """Time a few steps of a member, as a worker trains it, and multiply.

    Raises:
        GroktermError: if it cannot be trained here.
    """
    experiment = on_one_thread(experiment_at(member.point, asked.settings, asked.sweep), member.seed)
    timed = estimate_run(experiment, asked.folder)
    disk = run_bytes(experiment, timed, keeps_all=asked.sweep.keep == "all")
    n_workers = max(1, min(n_workers, n_members))
    memory = peak_memory()
    return SweepEstimate(
        member_seconds=timed.seconds,
        n_workers=n_workers,
        seconds=timed.seconds * n_members / n_workers,
        memory=None if memory is None else memory * n_workers,
        disk=disk * n_members,
    )


def run_bytes(experiment: Experiment, timed: Estimate, *, keeps_all: bool) -> int:
    """Estimate what the run of a member takes on the disk."""
    training = experiment.training
    journal = RUN_BYTES + EVALUATION_BYTES * (training.steps // training.mean_interval + 1)
    if not keeps_all:
        return journal
    n_checkpoints = 1 + MILESTONES + len(experiment.interventions) + int(timed.seconds / CHECKPOINT_SECONDS)
    return journal + min(n_checkpoints * timed.checkpoint_bytes, int(training.checkpoint_gigabytes * 1e9))


def peak_memory() -> int | None:
    """Return the most memory that this process had, in bytes; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


class TimeLeft:
    """How long a sweep still takes, from how many members were finished since this was made."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._begun: tuple[float, int] | None = None

    def seconds(self, n_done: int, n_members: int) -> float | None:
        """Return the estimate; None until a member was finished."""
        if self._begun is None:
            self._begun = self._clock(), n_done
        at, before = self._begun
        return (self._clock() - at) * (n_members - n_done) / (n_done - before) if n_done > before else None
