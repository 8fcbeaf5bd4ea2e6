"""A run as a preset: what it began with, and all that was done to it, at its steps."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grokterm.errors import ConfigError, RunNotFoundError, StorageError
from grokterm.experiment.architectures.mixture import PARTS
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Intervention, Save, Set, Swap
from grokterm.experiment.optimizers.schedule import SCHEDULES
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.reading.files import copied
from grokterm.experiment.reading.overrides import live_changes
from grokterm.experiment.reading.toml import format_toml
from grokterm.experiment.recording.records import Acted, Record, Skipped, Started, Switched
from grokterm.plugins.registry import lacking
from grokterm.runs.journal import reached_step, read_journal
from grokterm.runs.results.matching import is_user_change
from grokterm.runs.resume import change_of
from grokterm.runs.storage.durable import make_folder, write_durably
from grokterm.runs.store import Run, is_run

ENDS = "training.stop_when"  # has no part in a replay, which ends at the last step


@dataclass(frozen=True)
class AsPreset:
    """What a run does, as the settings of an experiment that does it again."""

    settings: dict[str, Any]
    notes: tuple[str, ...]
    """What else to know of it."""


def as_preset(run: Run) -> AsPreset:
    """Return an experiment that comes to the weights of a run, on the same machine bit for bit.

    What a user did becomes interventions at their steps, in the order of the journal, and so do those of the preset that have
    happened; those that still wait are kept. Saves by hand and extensions leave no trace but the last step.

    Raises:
        CheckpointError: if the journal cannot be read.
        RunNotFoundError: if the settings cannot be read, or what was changed in them not without plugins.
    """
    with run.without_plugins():
        records = read_journal(run.journal)
    if run.lacks:
        return _as_written(run, records)
    began, last = _at_its_start(run.experiment, records), reached_step(records)
    done, left_out = list(_done(began, records)), []
    settings = began.settings()
    settings["training"] |= {"steps": last, "stop_when": "never"}
    settings.pop("expect", None)
    settings["model"] |= _parts(run, settings["model"])
    settings["interventions"] = done
    for number in _waiting(began, records, last):
        longer = settings | {"interventions": [*settings["interventions"], began.interventions[number]]}
        try:
            settings = Experiment.from_settings(longer).settings()
        except ConfigError as error:
            left_out.append(f"interventions[{number}], which has not happened, is left out: {error}")
    experiment = Experiment.from_settings(settings)
    if _compared(experiment) != _compared(run.experiment):
        experiment = experiment.model_copy(update={"title": _title(run, began.title)})
    needs = sorted({f"it needs {one['source']}: run it with the same plugins" for one in plugins_of(experiment)})
    return AsPreset(experiment.settings(), (*left_out, *needs, *_doubts(records)))


def write_preset(preset: AsPreset, path: Path, *, may_overwrite: bool) -> list[str]:
    """Write a preset, and what its settings name to a folder beside it; return what else there is to say.

    Raises:
        ConfigError: if the name does not end in .toml, or there is such a file that may not be overwritten.
        StorageError: if it cannot be written.
    """
    if path.suffix != ".toml":
        raise ConfigError(f"a preset ends in .toml, and {path} does not: choose another name")
    if path.exists() and not may_overwrite:
        raise ConfigError(f"{path} exists: choose another name, or overwrite it with --force")
    folder = f"{path.stem}-files"
    settings, copies = copied(preset.settings, folder)
    try:
        for inner, content in copies.items():
            make_folder((path.parent / inner).parent)
            write_durably(path.parent / inner, content)
        write_durably(path, format_toml(settings).encode())
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from None
    return [f"its files are in {path.parent / folder}: keep them beside it"] if copies else []


def _as_written(run: Run, records: Sequence[Record]) -> AsPreset:
    """Return what a run began with, as it is written: without its plugins only that is known.

    Raises:
        RunNotFoundError: if it was changed by hand, or when it was resumed: what can be is not known.
    """
    if any(is_user_change(record) for record in records):
        raise RunNotFoundError(run.lacks)
    settings, last = run.settings, reached_step(records)
    settings.pop("expect", None)
    optimizer, training = settings["optimizer"], settings["training"]
    if optimizer.get("schedule") in SCHEDULES and optimizer.get("schedule_steps") == "all":
        optimizer["schedule_steps"] = max(training["steps"], optimizer.get("warmup_steps", 0) + 1)
    training |= {"steps": last, "stop_when": "never"}
    settings["model"] |= _parts(run, settings["model"])
    if kept := [one for one in settings.pop("interventions", ()) if one.get("at_step", 0) <= last]:
        settings["interventions"] = kept
    if settings != {name: value for name, value in run.settings.items() if name != "expect"}:
        settings["title"] = _title(run, settings["title"])
    return AsPreset(settings, (f"it needs {lacking(run.meta['plugins'])}: run it with the same plugins", *_doubts(records)))


def _title(run: Run, title: str) -> str:
    own = re.sub(r"^Replay of \S+: ", "", title)
    return f"Replay of {run.name}: {own}"


def _parts(run: Run, model: Mapping[str, Any]) -> dict[str, str]:
    """Name the parts of a mixture that the run has copied, unless its settings name some that stay where they are."""
    if model["architecture"] != "mixture":
        return {}
    named = {role: Path(model[role]) for role in PARTS}
    return {role: str(run.path / "parts" / role) for role, path in named.items() if not (path.is_absolute() and is_run(path))}


def _at_its_start(experiment: Experiment, records: Sequence[Record]) -> Experiment:
    """Take back what resumes have changed; a schedule ends where it did, however long the run became."""
    for record in reversed(records):
        if isinstance(record, Started) and (change := live_changes(experiment, record.before)) is not None:
            experiment = experiment.changed(change)
    return experiment.scheduled


def _done(experiment: Experiment, records: Sequence[Record]) -> Iterator[Intervention]:
    """Write what was done as interventions at their steps."""
    now = experiment
    for record in records:
        match record:
            case Acted(action=Swap() as swap, step=step):
                yield Intervention(at_step=step, swap=swap)
            case Acted(action=Save(), intervention=int(), step=step):
                yield Intervention(at_step=step, save=True)
        if (change := change_of(now, record)) is not None:
            values = {name: value for name, value in change.values.items() if name != ENDS and value != now.live_value(name)}
            now = now.changed(change)
            if values:
                yield Intervention(at_step=record.step, set=Set(values=values))


def _waiting(experiment: Experiment, records: Sequence[Record], last: int) -> Iterator[int]:
    """Number the interventions that have not happened, and may in a longer run."""
    past = {record.intervention for record in records if isinstance(record, Acted | Skipped)}
    for number, one in enumerate(experiment.interventions):
        if number not in past and (one.at_step is None or one.at_step > last):
            yield number


def _doubts(records: Sequence[Record]) -> Iterator[str]:
    """Say why the weights may differ in their bits."""
    devices = {record.device: None for record in records if isinstance(record, Started)}
    engines = {record.engine: None for record in records if isinstance(record, Started | Switched)}
    for what, names in (("on", devices), ("by engine", engines)):
        if len(names) > 1:
            yield f"the run was trained {what} {' and '.join(names)}: a replay may differ from it by rounding"


def _compared(experiment: Experiment) -> Experiment:
    return experiment.model_copy(update={"title": "", "expect": None})
