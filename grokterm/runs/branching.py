"""What a new run takes from a step of another one, and what is to differ from there on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import get_args

import numpy as np

from grokterm.errors import ConfigError
from grokterm.experiment.conditions import Milestone
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Stop, Swap
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.overrides import override, parse_assignment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.packing import until
from grokterm.experiment.recording.records import Acted, Branched, Checkpointed, Finished, Reached, Record, Skipped
from grokterm.runs.finding import find_run
from grokterm.runs.journal import iterate_journal, journal_line, lines_until, reached_step, read_journal, read_lines
from grokterm.runs.results.sides import dataset_after
from grokterm.runs.resume import RESUMABLE, check_plugins, check_reached, settings_now
from grokterm.runs.store import Run

SWAPPED = {"task.train_fraction": "train_fraction", "task.n_train": "n_train", "task.operation": "operation", "seed": "seed"}
"""Settings that a branch changes by a swap, and what they are called there."""

LONGEST_NUMBER = 20  # digits: Python refuses to read thousands of them


@dataclass(frozen=True)
class Branching:
    """A step of a run, and what is to differ from there on."""

    run: Run
    step: int
    experiment: Experiment
    """The settings of the new run, with those changed that leave the steps before as they were."""

    changes: tuple[str, ...]
    """What changed in them."""

    actions: tuple[Swap | Set, ...]
    """What is done at that step."""

    notes: tuple[str, ...] = ()
    """What else the user should know."""

    @cached_property
    def past(self) -> list[Record]:
        """The records that the new run begins with."""
        return [record for _, record in self._keep()]

    @property
    def journal(self) -> Iterator[bytes]:
        """Their lines, read once more: those of millions of evaluations need not fit into memory."""
        return (line for line, _ in self._keep())

    @property
    def seconds(self) -> float:
        """The training time up to this step, as far as checkpoints tell it."""
        timed = [one for one in iterate_journal(self.run.journal) if isinstance(one, Checkpointed | Finished)]
        steps, seconds = [0, *(one.step for one in timed)], [0.0, *(one.seconds for one in timed)]
        return float(np.interp(self.step, steps, seconds))

    def _keep(self) -> Iterator[tuple[bytes, Record]]:
        """Keep what was recorded up to this step, but not what ended the run there: the new one goes on."""
        for line, record in read_lines(self.run.journal):
            if isinstance(record, Evaluations) and record.n_until(self.step) < len(record):
                yield from ((lines_until(line, self.step), some) for some in until([record], self.step))
            elif record.step > self.step or (record.step == self.step and isinstance(record, Finished)):
                continue
            elif record.step < self.step or not (isinstance(record, Acted) and isinstance(record.action, Stop)):
                yield line, record
            elif record.intervention is not None:
                message = f"interventions[{record.intervention}]: the run is branched here, and goes on"
                skipped = Skipped(step=self.step, intervention=record.intervention, message=message)
                yield journal_line(skipped), skipped

    @property
    def shared_checkpoints(self) -> list[str]:
        """The files of the checkpoints before this step."""
        names = {one.file for one in self.past if isinstance(one, Checkpointed) and one.step < self.step}
        return sorted(name for name in names if (self.run.checkpoints / name).exists())

    @property
    def branched(self) -> Branched:
        """The record that says where the new run comes from."""
        return Branched(step=self.step, parent=self.run.name, path=str(self.run.path), changes=self.changes)


def find_origin(folder: Path, text: str) -> tuple[Run, int]:
    """Find the run and the step of `RUN@STEP`.

    Raises:
        RunNotFoundError: if there is no such run.
        ConfigError: if the run has not come to that step.
        CheckpointError: if its journal cannot be read.
    """
    name, at, step = text.rpartition("@")
    if not at or "/" in step:  # a path may contain one too
        name, step = text, ""
    run = find_run(folder, name)
    return run, find_step(run, step)


def find_step(run: Run, text: str) -> int:
    """Return a step of a run: a number, `last`, a milestone, or of nothing that of the newest checkpoint.

    Raises:
        ConfigError: if the run has not come there.
        CheckpointError: if its journal cannot be read.
    """
    records = read_journal(run.journal)
    if not text:
        return next((record.step for record in reversed(records) if isinstance(record, Checkpointed)), 0)
    if text == "last":
        return reached_step(records)
    if (digits := text.replace(",", "").replace("_", "")).isdecimal() and len(digits) < LONGEST_NUMBER:
        check_reached(run, int(digits), records)
        return int(digits)
    reached: dict[str, int] = {record.milestone: record.step for record in reversed(records) if isinstance(record, Reached)}
    if text in reached:
        return reached[text]
    known = ", ".join(("a number", "last", *reached))
    if text in get_args(Milestone):
        raise ConfigError(f"run {run.name} has not {text}: choose another step ({known})")
    raise ConfigError(f"{run.name}@{text} is no step: choose one ({known})")


def plan_branch(run: Run, step: int, assignments: Sequence[str] = ()) -> Branching:
    """Check what is to differ from a step on; the swap itself, and whether the run has come so far, are checked later.

    Raises:
        ConfigError: if a setting may not change there, has an invalid value, nothing is left to train, or a plugin differs.
        CheckpointError: if the journal cannot be read.
    """
    check_plugins(run)
    done = [record for record in iterate_journal(run.journal) if not isinstance(record, Evaluated | Evaluations)]
    records = [record for record in done if record.step <= step]
    assignments = [*_dropped_end(run, step, records, assignments), *assignments]
    live, changes, values, swapped = run.experiment.live_names(), [], {}, {}
    for assignment in assignments:
        path, value = parse_assignment(assignment)
        name = ".".join(path)
        if name in SWAPPED:
            swapped[SWAPPED[name]] = value
        elif name in live:
            values[name] = value
        elif name in RESUMABLE:
            changes.append(assignment)
        else:
            raise ConfigError(_refusal(run, step, name, (*SWAPPED, *RESUMABLE, *live)))
    experiment = override(run.experiment.scheduled.settings(), changes).experiment  # more steps do not stretch a schedule
    if experiment.training.steps <= step:
        raise ConfigError(
            f"training.steps {experiment.training.steps:,} leaves nothing to train after step {step:,}: set it to more"
        )
    actions: list[Swap | Set] = []
    if swapped:
        swap = Swap.from_settings(swapped)
        _check_swap(experiment, step, records, swap)
        actions.append(swap)
    if values:
        actions.append(Set.from_settings({"values": values}))
        settings_now(experiment, records).changed(Set.from_settings({"values": values}))  # refuses what is invalid
    notes = (
        [f"seed = {swapped['seed']} draws another split: weights and batches go on as they were"] if "seed" in swapped else []
    )
    return Branching(run, step, experiment, tuple(changes), tuple(actions), tuple(notes))


def _check_swap(experiment: Experiment, step: int, records: Sequence[Record], swap: Swap) -> None:
    """Try a swap on the equations of that step; those of other members of an ensemble are as many."""
    dataset, swapped_at = dataset_after(experiment, records)
    swap.applied(dataset, was_used=step > swapped_at)


def _dropped_end(run: Run, step: int, records: Sequence[Record], assignments: Sequence[str]) -> list[str]:
    """Drop the condition that has ended the run at this step, as an extension does, unless another one is asked for."""
    is_given = any(assignment.partition("=")[0].strip() == "training.stop_when" for assignment in assignments)
    reasons = [record.reason for record in records if isinstance(record, Finished) and record.step == step]
    stop_when = settings_now(run.experiment, records).training.stop_when
    return ["training.stop_when=never"] if not is_given and stop_when in reasons else []


def _refusal(run: Run, step: int, name: str, known: Sequence[str]) -> str:
    hint = nearest(name, known)
    return f"{name} cannot be changed in a branch" + (
        hint or f": start a new run, which may begin with these weights: model.start_from={run.name}@{step}"
    )
