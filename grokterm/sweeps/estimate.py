"""What a sweep will take here: time, memory and disk, from a short timing of the members that look shortest and longest."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import numpy as np

from grokterm.engines.batches import batch_size
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.architectures.mixture import MixtureModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.sweep import Sweep, Value
from grokterm.models.build import network_of
from grokterm.runs.results.expected_time import estimate_run
from grokterm.sweeps.axes import is_number, value_axis
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.members import Point, experiment_at, on_one_thread, points
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.training.estimate import Estimate

MILESTONES = 2  # at which a checkpoint is written, besides the one at the end
CHECKPOINT_SECONDS = 60.0  # of training between others
EVALUATION_BYTES = 80  # in a journal
RUN_BYTES = 8_000  # of a run besides: settings, versions, the records around the training, its result


MOST_LOOKED_AT = 64  # points


class Look(NamedTuple):
    """A member, and what it seems to cost beside others of its architecture: parameters times equations times steps."""

    experiment: Experiment
    cost: float


class Timed(NamedTuple):
    """What the members of an architecture that look shortest and longest take."""

    costs: Sequence[float]
    seconds: Sequence[float]
    disk: Sequence[int]


@dataclass(frozen=True)
class SweepEstimate:
    """What the members that are still to be trained need."""

    member_seconds: float
    """Of one member, on one thread: the mean over the points."""

    shortest_seconds: float
    longest_seconds: float
    """Of the members that look so."""

    n_workers: int
    seconds: float
    """Of all, on these workers."""

    memory: int | None
    """Bytes of all workers; None where the system does not tell."""

    disk: int
    """Bytes of all runs."""


def estimate(asked: Definition, n_members: int, n_workers: int) -> SweepEstimate:
    """Time a few steps of some members, as a worker trains them, and multiply.

    Raises:
        GroktermError: if one cannot be trained here.
    """
    by_architecture: dict[str, list[Look]] = {}
    for point in looked_at(asked):
        look = look_at(experiment_at(point, asked.settings, asked.sweep))
        by_architecture.setdefault(look.experiment.model.architecture, []).append(look)
    ranges = [(_timed(asked, looks), [look.cost for look in looks]) for looks in by_architecture.values()]
    seconds = np.concatenate([np.interp(costs, known.costs, known.seconds) for known, costs in ranges])
    disk = np.concatenate([np.interp(costs, known.costs, known.disk) for known, costs in ranges])
    n_workers = max(1, min(n_workers, n_members))
    memory = peak_memory()
    return SweepEstimate(
        member_seconds=float(seconds.mean()),
        shortest_seconds=float(seconds.min()),
        longest_seconds=float(seconds.max()),
        n_workers=n_workers,
        seconds=float(max(seconds.mean() * n_members / n_workers, seconds.max())),
        memory=None if memory is None else memory * n_workers,
        disk=int(disk.mean() * n_members),
    )


def looked_at(asked: Definition) -> list[Point]:
    """List the points among which the shortest and the longest are; of many some at the ends of all axes, and the last."""
    sweep = asked.sweep
    if sweep.search is not None:
        at_ends = SearchPlan(asked.settings, sweep).next_members({})
        found = list({str(member.point): member.point for member in at_ends}.values())
    else:
        found = list(points(sweep if sweep.n_points <= MOST_LOOKED_AT else at_the_ends(sweep)))
    return [*found[:-1][:: -(-len(found) // MOST_LOOKED_AT)], found[-1]]


def at_the_ends(sweep: Sweep) -> Sweep:
    """Leave of each axis of numbers the smallest and the largest, and of axes that change together the first and the last."""

    def ends(values: Sequence[Value]) -> tuple[Value, ...]:
        ordered = value_axis("", values).values
        return (ordered[0], ordered[-1]) if len(ordered) > 2 and all(map(is_number, ordered)) else tuple(values)

    grid = {name: ends(values) for name, values in sweep.grid.items()}
    zipped = {name: (values[0], values[-1]) if len(values) > 2 else values for name, values in sweep.zipped.items()}
    return sweep.model_copy(update={"grid": grid, "zipped": zipped})


def look_at(experiment: Experiment) -> Look:
    """Guess what a member costs."""
    model, optimizer, task = experiment.model, experiment.optimizer, experiment.task
    limit = None if optimizer.batch_size == "full" else optimizer.batch_size
    n_rows = batch_size(limit, optimizer.batch_share, task.train_size)
    is_counted = not isinstance(model, MixtureModel | KernelModel)
    n_parameters = sum(one.numel() for one in network_of(experiment).parameters()) if is_counted else 1
    steps = max(1, experiment.training.steps)
    return Look(on_one_thread(experiment, experiment.seed), float(steps) * n_rows * n_parameters)


def _timed(asked: Definition, looks: Sequence[Look]) -> Timed:
    """Time the member that looks shortest and the one that looks longest."""
    low, high = (choose(looks, key=lambda look: look.cost) for choose in (min, max))
    ends = [low] if low.cost == high.cost else [low, high]
    timed = [estimate_run(look.experiment, asked.folder) for look in ends]
    keeps_all = asked.sweep.keep == "all"
    disk = [run_bytes(look.experiment, one, keeps_all=keeps_all) for look, one in zip(ends, timed, strict=True)]
    return Timed([look.cost for look in ends], [one.seconds for one in timed], disk)


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
