"""The newest run of a preset, and how its accuracy went."""

from dataclasses import dataclass
from pathlib import Path
from time import time

from grokterm.errors import GroktermError
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import unpacked
from grokterm.runs.journal import read_journal
from grokterm.runs.store import list_runs


@dataclass(frozen=True)
class NewestRun:
    """A run in a few words."""

    name: str
    seconds_ago: float
    """Since it was last written to."""

    steps: tuple[int, ...]
    val_accuracies: tuple[float, ...]
    """At these steps; of train where there is no validation."""


def newest_of(preset: str, folder: Path) -> NewestRun | None:
    """Find the newest run of a preset, changed or not, that has measured something; None if there is none."""
    try:
        runs = [run for run in list_runs(folder) if run.preset == preset]
    except GroktermError:
        return None
    for run in reversed(runs):
        try:
            evaluated = [one for one in unpacked(read_journal(run.journal)) if isinstance(one, Evaluated)]
        except GroktermError:
            continue
        if evaluated:
            shown = [one.train_accuracy if one.val_accuracy is None else one.val_accuracy for one in evaluated]
            ago = max(0.0, time() - run.journal.stat().st_mtime)
            return NewestRun(run.name, ago, tuple(one.step for one in evaluated), tuple(shown))
    return None
