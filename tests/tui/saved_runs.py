"""Saved runs that are the same on every machine, but were never trained."""

import os
from math import exp
from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Finished, Reached, Record, Started
from grokterm.runs.journal import JournalWriter
from grokterm.runs.listing.annotations import Annotations, write_annotations
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from tests.tui.driving import BRIEF

NOW = 2_000_000_000.0


def made_run(
    name: str, *, grokked_at: int | None = 20, age: float = 3600, seed: int = 0, notes: Annotations | None = None
) -> Run:
    """Write a run of 40 steps that ended; one that has not grokked was interrupted."""
    experiment = Experiment.from_toml(BRIEF).model_copy(update={"seed": seed})
    created = create_run(Path("runs"), experiment, "tried", {})
    run = Run(created.path.rename(created.path.with_name(name)))
    records: list[Record] = [Started(step=0, device="cpu", engine="eager", threads=1, n_parameters=1, n_train=72, n_val=49)]
    for step in range(0, 41, 5):
        train, val = (1 / (1 + exp(late - step)) for late in (5, grokked_at or 200))
        records.append(Evaluated(step=step, train_loss=2 - train, train_accuracy=train, val_loss=2 - val, val_accuracy=val))
        records += [Reached(step=step, milestone="memorized")] if step == 10 else []
        records += [Reached(step=step, milestone="grokked")] if step == grokked_at else []
    reason = "complete" if grokked_at is not None else "interrupted"
    JournalWriter(run.journal).write([*records, Finished(step=40, reason=reason, seconds=1.0)])
    os.utime(run.path / "meta.json", (NOW - age, NOW - age))
    if notes is not None:
        write_annotations(run.path, notes)
    return run
