"""Which of the saved runs are finished runs of an experiment."""

from collections.abc import Iterable

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save
from grokterm.experiment.records import Acted, Record, Started
from grokterm.runs.journal import read_journal
from grokterm.runs.resume import has_ended
from grokterm.runs.store import Run

UNCOMPARED = {"title", "source", "seed", "device", "expect"}
"""What two runs of the same experiment may differ in."""

HARMLESS = ("training.steps=", "training.inspect_every=", "device=")
"""What may be changed when a run is resumed, and leaves it one that could have been made at once."""


def is_readable(run: Run) -> bool:
    """Tell whether the files of a run make sense."""
    try:
        return bool(run.experiment and read_journal(run.journal) is not None)
    except GroktermError:
        return False


def finished_runs(runs: Iterable[Run], experiment: Experiment, device: str | None = None) -> list[Run]:
    """Choose the newest finished run of each seed of an experiment, from runs that are listed oldest first.

    Raises:
        CheckpointError: if the journal of one of them cannot be read.
    """
    newest: dict[int, Run] = {}
    asked = _compared(experiment)
    for run in runs:
        if _compared(run.experiment) == asked and _is_evidence(run, device):
            newest[run.experiment.seed] = run
    return [newest[seed] for seed in sorted(newest)]


def _compared(experiment: Experiment) -> dict[str, object]:
    settings = experiment.settings()
    del settings["training"]["inspect_every"]  # looks on
    return {name: value for name, value in settings.items() if name not in UNCOMPARED}


def _is_evidence(run: Run, device: str | None) -> bool:
    records = read_journal(run.journal)
    ran_on = {record.device.split(":")[0] for record in records if isinstance(record, Started)}
    steps = run.experiment.training.steps
    return (
        has_ended(run.experiment, records)
        and all(record.step <= steps for record in records)  # it may have been resumed to be shorter than it was
        and not any(_is_meddling(record) for record in records)
        and (device in (None, "auto") or ran_on == {str(device).split(":")[0]})
    )


def _is_meddling(record: Record) -> bool:
    """Tell whether a person, and not the experiment, changed the course of a run."""
    match record:
        case Acted(intervention=None, action=action):
            return not isinstance(action, Save)
        case Started(changes=changes):
            return not all(change.startswith(HARMLESS) for change in changes)
    return False
