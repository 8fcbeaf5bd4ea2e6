"""The norms of all parameters at the steps by which runs are compared."""

from collections.abc import Callable
from functools import cached_property
from math import isfinite
from typing import TypeAlias

from grokterm.analysis.efficiency import late_step, parameter_norm
from grokterm.experiment.recording.inspected import Inspected
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.store import Run
from grokterm.training.trainer import Trainer

ReplayTo: TypeAlias = Callable[[Run, int | None], Trainer]
"""Brings back the trainer of a run at a step, or at its newest checkpoint; it may show its progress meanwhile."""


def in_silence(run: Run, step: int | None) -> Trainer:
    """Replay without showing progress, on the CPU: checkpoints are the same on every device, and every machine has one."""
    return trainer_at(run, step, "cpu")


class Norms:
    """The norms of a run, from its journal or computed when first read: without a checkpoint nearby, steps are trained again.

    None if the run has not come so far, or the norm is not finite. Of an ensemble they are those of its first member, or of the
    one to which is replayed, at the steps of the whole.

    Raises:
        CheckpointError: if the journal cannot be read.
    """

    def __init__(self, run: Run, replay_to: ReplayTo = in_silence, *, initial_only: bool = False, member: int = 0) -> None:
        records = read_journal(run.journal)
        summary = summarize(run, records)
        self.n_steps = summary.steps  # how far the run has come
        self.memorized_at = summary.memorized_at
        self.late_at = late_step(run.experiment.training.steps)
        self.initial_only = initial_only  # leave the other two out: they may take long
        self._known = {record.step: record.parameter_norm for record in records if isinstance(record, Inspected) and not member}
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

    def why_missing(self, name: str) -> str:
        """Say why one of these norms is None; empty if it is none of these, or not finite."""
        if self.initial_only and name in ("memorized_norm", "late_norm"):
            return "left out by --skip-norms"
        if name == "memorized_norm" and self.memorized_at is None:
            return "the run has not memorized"
        if name == "late_norm" and self.n_steps < self.late_at:
            return f"the run has not come to step {self.late_at:,}"
        return ""

    def _at(self, step: int) -> float | None:
        if step in self._known:  # journaled in training
            return self._known[step]
        norm = parameter_norm(self._replay_to(self._run, step).snapshot().parameters)
        return norm if isfinite(norm) else None
