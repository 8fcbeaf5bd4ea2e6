"""The norms of all parameters that a run is compared by, whichever of its steps is looked at."""

from collections.abc import Callable
from functools import cached_property
from math import isfinite
from typing import TypeAlias

from grokterm.analysis.efficiency import late_step, parameter_norm
from grokterm.experiment.records import Inspected
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.runs.summary import summarize
from grokterm.training.trainer import Trainer

ReplayTo: TypeAlias = Callable[[Run, int | None], Trainer]
"""How to come to where a run stood at a step, or at its newest checkpoint: in silence, or telling somebody how far it is."""


def in_silence(run: Run, step: int | None) -> Trainer:
    """Come there on the CPU: the weights of a checkpoint are the same on every device, and this one is everywhere."""
    return trainer_at(run, step, "cpu")


class Norms:
    """Read from the journal, or worked out when first asked for: where no checkpoint is near, steps are trained again.

    None where the run has not come so far, or where the norm is not finite.

    Raises:
        CheckpointError: if the journal cannot be read.
    """

    def __init__(self, run: Run, replay_to: ReplayTo = in_silence, *, initial_only: bool = False) -> None:
        records = read_journal(run.journal)
        summary = summarize(run, records)
        self.n_steps = summary.steps
        """How far the run has come."""

        self.memorized_at = summary.memorized_at
        self.late_at = late_step(run.experiment.training.steps)
        self.initial_only = initial_only
        """The other two are left out, for the time they may take."""

        self._known = {record.step: record.parameter_norm for record in records if isinstance(record, Inspected)}
        self._run = run
        self._replay_to = replay_to

    @cached_property
    def initial(self) -> float | None:
        """At step 0."""
        return self._at(0)

    @cached_property
    def memorized(self) -> float | None:
        """C_mem: at the first evaluated step with a train accuracy of at least 0.99."""
        return None if self.initial_only or self.memorized_at is None else self._at(self.memorized_at)

    @cached_property
    def late(self) -> float | None:
        """C_gen: at 98 % of the steps, whether the network has generalized or not."""
        return None if self.initial_only or self.n_steps < self.late_at else self._at(self.late_at)

    def _at(self, step: int) -> float | None:
        if step in self._known:  # looked at when it was trained
            return self._known[step]
        norm = parameter_norm(self._replay_to(self._run, step).snapshot().parameters)
        return norm if isfinite(norm) else None
