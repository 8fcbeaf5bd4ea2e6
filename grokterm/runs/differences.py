"""In which settings saved runs differ from their presets."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from grokterm.errors import GroktermError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.reading.files import FILE_SETTINGS, is_file
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.records import Acted, Record
from grokterm.runs.resume import settings_now
from grokterm.runs.store import Run
from grokterm.tasks.operations import MADE_OF, has_own_order

_UNCOUNTED = {"title", "source", "device", "expect"}  # settings that make no difference


def flat(settings: Mapping[str, object], above: str = "") -> Iterator[tuple[str, object]]:
    """List settings by their dotted names, without those that make no difference."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{above}{name}.") if above + name not in _UNCOUNTED else ()
        elif above + name not in _UNCOUNTED:
            yield above + name, value


def differences(runs: Iterable[Run]) -> Iterator[dict[str, object]]:
    """Say of each run what differs from its preset; where that is not at hand, from the first run here that names it.

    A file is compared by its hash and called by its name. What only follows from other settings is left out, unless nothing
    else differs.

    Raises:
        RunNotFoundError: if the settings of a run cannot be read.
    """
    usual: dict[str, dict[str, object]] = {}
    for run in runs:
        preset, own = run.preset, dict(flat(run.experiment.settings()))
        if preset not in usual:
            usual[preset] = settings_of(preset) or own
        yield {name: as_written(run, name, own[name]) for name in told(own, usual[preset])}


def settings_at_end(experiment: Experiment, records: Iterable[Record]) -> dict[str, object]:
    """Return the flat settings of a run as they are after these records, and the training sets that were swapped in by hand."""
    records = list(records)
    settings = dict(flat(settings_now(experiment, records).settings()))
    for record in records:
        if isinstance(record, Acted) and record.intervention is None and isinstance(record.action, Swap):
            values = dict(flat(record.action.model_dump(exclude={"kind"}, exclude_none=True)))
            settings[f"swap at step {record.step:,}"] = in_short(values)
    return settings


def told(own: Mapping[str, object], usual: Mapping[str, object]) -> list[str]:
    """Name the flat settings that tell one experiment from another, in their order."""
    before, following = _by_content(usual), set(_following(own))
    differing = [name for name, value in _by_content(own).items() if name not in before or before[name] != value]
    return [name for name in differing if name not in following] or differing


def settings_of(preset: str) -> dict[str, object]:
    """Return the flat settings of a preset; none if it is not at hand, or cannot be read."""
    try:
        return dict(flat(find_preset(preset).experiment.settings()))
    except GroktermError:
        return {}


def as_written(run: Run, name: str, value: object) -> object:
    """Return a value as the user gave it: of starting weights the run they are from, of another file its name."""
    if name == "model.start_from" and (source := run.meta.get("started_from")):
        return str(source)
    return without_folder(name, value)


def without_folder(name: str, value: object) -> object:
    """Call a file by its name; leave every other value as it is."""
    return Path(str(value)).name if _names_file(name, value) else value


def _by_content(settings: Mapping[str, object]) -> dict[str, object]:
    """Replace the path of each file by its hash."""
    files = {name: settings.get(f"{name}_sha256") for name, value in settings.items() if _names_file(name, value)}
    return {**settings, **files}


def _names_file(name: str, value: object) -> bool:
    section, _, key = name.partition(".")
    return (section, key) in FILE_SETTINGS and is_file(section, key, value)


def _following(settings: Mapping[str, object]) -> Iterator[str]:
    """Name the settings that others decide."""
    yield from (f"{section}.{name}_sha256" for section, name in FILE_SETTINGS)
    operation = str(settings.get("task.operation"))
    yield from (f"task.{name}" for other, name in MADE_OF.items() if other != operation)
    if has_own_order(operation):
        yield "task.modulus"
    if settings.get("task.split") == "file":
        yield from ("task.n_train", "task.train_fraction")
    else:
        yield "task.split_file"
        yield "task.n_train" if settings.get("task.n_train") == "auto" else "task.train_fraction"


def in_short(differing: Mapping[str, object]) -> str:
    """Write settings with the last parts of their names: `weight_decay=2, seed=3`."""
    return ", ".join(f"{name.rpartition('.')[2]}={short(value)}" for name, value in differing.items())


def short(value: object) -> str:
    """Write a value in a few characters: `1e6`, `[...]`."""
    if isinstance(value, list | tuple):
        return "[...]" if value else "[]"
    return f"{value:g}".replace("e+0", "e").replace("e-0", "e-") if isinstance(value, float) else str(value)
