"""Search for the finished runs of an experiment."""

from collections.abc import Iterable

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Save
from grokterm.experiment.reading.files import without_paths
from grokterm.experiment.recording.records import Acted, Branched, Record, Started
from grokterm.runs.journal import read_journal
from grokterm.runs.resume import has_ended
from grokterm.runs.store import Run

# Settings in which two runs of the same experiment may differ.
IGNORED_SETTINGS = {"title", "source", "seed", "device", "expect"}

# Changes at a resume after which the run is still equal to one without a break.
HARMLESS_CHANGES = (
    "training.steps=",
    "training.inspect_every=",
    "training.checkpoint_at=",
    "training.checkpoint_gigabytes=",
    "training.threads=",
    "device=",
)


def is_readable(run: Run) -> bool:
    """Whether experiment and journal of a run can be read."""
    try:
        return bool(run.experiment and read_journal(run.journal) is not None)
    except GroktermError:
        return False


def finished_runs(runs: Iterable[Run], experiment: Experiment, device: str | None = None) -> list[Run]:
    """Return the newest finished run of each seed of an experiment, from runs listed oldest first.

    Raises:
        CheckpointError: if the journal of one of them cannot be read.
    """
    newest = {run.experiment.seed: run for run in runs_of(runs, experiment) if _is_finished(run, device)}
    return [newest[seed] for seed in sorted(newest)]


def runs_of(runs: Iterable[Run], experiment: Experiment) -> list[Run]:
    """Return the runs of an experiment, of any seed, finished or not."""
    settings = _compared_settings(experiment)
    return [run for run in runs if _compared_settings(run.experiment) == settings]


def _compared_settings(experiment: Experiment) -> dict[str, object]:
    settings = without_paths(experiment.settings())
    for name in ("inspect_every", "checkpoint_at", "checkpoint_gigabytes", "threads"):  # which do not affect the numbers
        del settings["training"][name]
    return {name: value for name, value in settings.items() if name not in IGNORED_SETTINGS}


def _is_finished(run: Run, device: str | None) -> bool:
    """Whether a run has ended, on this kind of device, without changes by the user."""
    records = read_journal(run.journal)
    devices = {record.device.split(":")[0] for record in records if isinstance(record, Started)}
    steps = run.experiment.training.steps
    return (
        has_ended(run.experiment, records)
        and all(record.step <= steps for record in records)  # a resume may have shortened it
        and not any(is_user_change(record) for record in records)
        and (device in (None, "auto") or devices == {str(device).split(":")[0]})
    )


def is_user_change(record: Record) -> bool:
    """Whether the user, not the experiment, changed the training."""
    match record:
        case Acted(intervention=None, action=action):
            return not isinstance(action, Save | Extend)  # an extended run has the longer one's settings
        case Started(changes=changes) | Branched(changes=changes):
            return not all(change.startswith(HARMLESS_CHANGES) for change in changes)
    return False
