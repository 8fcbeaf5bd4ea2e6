"""User changes to an experiment before it starts: `--set a.b=value`, or a field of the form."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from grokterm.errors import ConfigError
from grokterm.experiment.expectation import inspected_after
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set
from grokterm.experiment.kinds import by_kind, holders_of
from grokterm.experiment.optimizers.schedule import SCHEDULES
from grokterm.experiment.reading.fields import KINDS_OF_SECTION, fields_of
from grokterm.experiment.reading.files import FILE_SETTINGS
from grokterm.experiment.reading.hints import nearest
from grokterm.experiment.reading.toml import parse_value
from grokterm.experiment.reading.validation_errors import no_table
from grokterm.tasks.operations import MADE_OF, has_own_order

DECIDE_MODULUS = {"task.operation", *(f"task.{name}" for name in MADE_OF.values())}
"""Settings that may decide the number of elements."""


@dataclass(frozen=True)
class Overridden:
    """An experiment after changes, with notes for the user."""

    experiment: Experiment
    notes: tuple[str, ...]


def override(settings: dict[str, Any], assignments: Sequence[str]) -> Overridden:
    """Apply `a.b=value` assignments to settings; the value is TOML, and a bare word a string.

    A new kind drops settings that it lacks or that are invalid for it, fills defaults, and drops `[expect]`; a new operation
    drops the polynomial or table of the old one, and the modulus if it has its own number of elements; a share of the table
    drops a number of equations, and the other way round; fewer steps drop expectations of later ones. Notes report all of
    these.

    Raises:
        ConfigError: if an assignment cannot be parsed, names no setting, or has an invalid value.
    """
    parsed = [parse_assignment(assignment) for assignment in assignments]
    changed: dict[str, Any] = {name: dict(value) if isinstance(value, dict) else value for name, value in settings.items()}
    notes = [
        note
        for section, (kind, _) in KINDS_OF_SECTION.items()
        for path, value in parsed
        if path == [section, kind]
        for note in _change_kind(changed, section, value)
    ]
    notes += [note for path, value in parsed if path == ["task", "operation"] for note in _change_operation(changed, value)]
    notes += _change_size(changed, {".".join(path): value for path, value in parsed})
    notes += [note for path, value in parsed if path == ["optimizer", "schedule"] for note in _change_schedule(changed, value)]
    for path, value in parsed:
        _assign(changed, path, value)
    notes += _forget(changed, [".".join(path) for path, _ in parsed])
    notes += [note for path, value in parsed if path == ["training", "steps"] for note in _change_steps(changed, value)]
    return Overridden(Experiment.from_settings(changed), tuple(notes))


def parse_assignment(assignment: str, example: str = "optimizer.learning_rate=1e-3") -> tuple[list[str], Any]:
    """Part `a.b=value` into the name's parts and the value.

    Raises:
        ConfigError: if it has another form.
    """
    name, equals, text = assignment.partition("=")
    path = [part.strip() for part in name.split(".")]
    if not equals or not all(path):
        raise ConfigError(f"a change is written name=value, as in {example}, not {assignment!r}")
    value = parse_value(text)
    return path, text.strip() if _is_text(path) and not isinstance(value, str) else value


def live_changes(experiment: Experiment, assignments: Sequence[str]) -> Set | None:
    """Select assignments of settings that may change while a run trains; None if there is none."""
    live = experiment.live_names() if assignments else []
    named = [(".".join(path), value) for path, value in map(parse_assignment, assignments)]
    values = {name: value for name, value in named if name in live}
    return Set.from_settings({"values": values}) if values else None


def _is_text(path: Sequence[str]) -> bool:
    """Whether a setting holds a text, also one that looks like a number: title=2024."""
    *section, name = path
    field = Experiment.model_fields.get(section[0]) if len(section) == 1 else None
    holders = holders_of(field) if field else [Experiment] if not section else []
    return any(holder.model_fields[name].annotation is str for holder in holders if name in holder.model_fields)


def _assign(settings: dict[str, Any], path: Sequence[str], value: Any) -> None:  # noqa: ANN401 - any TOML value
    name = ".".join(path)
    if (numbered := re.fullmatch(r"interventions\[(\d{1,9})\]", path[0])) and len(path) > 1:
        _assign_in_intervention(settings, int(numbered[1]), path[1:], value)
        return
    if path[0] not in Experiment.model_fields:
        choices = f": choose one of {', '.join(Experiment.model_fields)}"
        hint = nearest(path[0], Experiment.model_fields) or (nearest(name, fields_of(settings)) if len(path) == 1 else "")
        raise ConfigError(f"unknown setting {name}{hint or choices}")
    if len(path) == 1:
        settings[path[0]] = value
        return
    kind = KINDS_OF_SECTION.get(path[0], ("",))[0]
    default = {kind: Experiment().settings()[path[0]][kind]} if kind else {}
    section = settings.setdefault(path[0], default)
    if path[0] in KINDS_OF_SECTION and not isinstance(section, dict):
        raise ConfigError(no_table(path[0], KINDS_OF_SECTION[path[0]][1], section))
    if len(path) > 2 or not isinstance(section, dict):
        raise ConfigError(f"unknown setting {name}: settings are named section.key, as in task.modulus")
    section[path[1]] = value


def _assign_in_intervention(settings: dict[str, Any], number: int, path: Sequence[str], value: Any) -> None:  # noqa: ANN401 - any TOML value
    interventions = settings.get("interventions", ())
    if not isinstance(interventions, list | tuple):
        raise ConfigError(f"interventions must be a list of tables, not {interventions!r}")
    if number >= len(interventions):
        n = f"{len(interventions)}, the first of which is interventions[0]" if interventions else "none"
        raise ConfigError(f"there is no interventions[{number}]: the experiment has {n}")
    changed = _assigned(interventions[number], path, value)
    settings["interventions"] = [*interventions[:number], changed, *interventions[number + 1 :]]


def _assigned(table: Any, path: Sequence[str], value: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return a table with a value at a path below it; a `set` names settings with dots."""
    first, *below = path
    known = table if isinstance(table, dict) else {}  # another value is refused by validation
    if first == "set" and below:
        return {**known, first: _assigned(known.get(first), [".".join(below)], value)}
    return {**known, first: _assigned(known.get(first), below, value) if below else value}


def _change_kind(settings: dict[str, Any], section: str, new: Any) -> list[str]:  # noqa: ANN401 - any TOML value
    kind, members = KINDS_OF_SECTION[section]
    by_name = by_kind(members, kind)
    written = settings.get(section, {})
    if not isinstance(written, dict):
        return []  # validation refuses it
    old = written.get(kind, Experiment().settings()[section][kind])
    if new == old or not isinstance(new, str) or new not in by_name:
        return []  # the same kind, or one that validation refuses
    member = by_name[new]
    kept = {name: value for name, value in written.items() if name != kind and _has(member, name, value)}
    dropped = [name for name in written if name not in kept and name != kind]
    before = by_name[old].model_fields if isinstance(old, str) and old in by_name else {}
    filled = [
        name
        for name, field in member.model_fields.items()
        if name not in kept and name != kind and (name not in before or before[name].default != field.default)
    ]
    settings[section] = {kind: new, **kept}
    notes = [f"{section}.{kind} changed from {old} to {new}"]
    if dropped:
        shown = [f"{name} = {written[name]}" if name in member.model_fields else name for name in dropped]
        notes.append(f"dropped {', '.join(shown)}, which {new} does not have")
    if filled:
        defaults = member(**{kind: new}).model_dump()
        notes.append("filled " + ", ".join(f"{name} = {defaults[name]}" for name in filled))
    if settings.pop("expect", None) is not None:
        notes.append("the preset's expectations no longer apply")
    return notes


def _change_operation(settings: dict[str, Any], new: Any) -> list[str]:  # noqa: ANN401 - any TOML value
    written = settings.get("task", {})
    if not isinstance(written, dict):
        return []
    dropped = [name for operation, name in MADE_OF.items() if operation != new and written.get(name)]
    gone = {*dropped, *(f"{name}_sha256" for name in dropped)}
    settings["task"] = {name: value for name, value in written.items() if name not in gone}
    return [f"dropped {name} = {written[name]}, which {new} does not have" for name in dropped]


def _forget(settings: dict[str, Any], assigned: Collection[str]) -> list[str]:
    """Drop what a new file or operation decides: the hash of the file, and the number of elements."""
    for section, name in FILE_SETTINGS:
        if f"{section}.{name}" in assigned and f"{section}.{name}_sha256" not in assigned:
            settings[section].pop(f"{name}_sha256", None)
    task = settings.get("task")
    if not isinstance(task, dict) or DECIDE_MODULUS.isdisjoint(assigned) or "task.modulus" in assigned or "modulus" not in task:
        return []
    if not has_own_order(operation := str(task.get("operation"))):
        return []
    return [f"dropped modulus = {task.pop('modulus')}: {operation} has its own number of elements"]


def _change_size(settings: dict[str, Any], assigned: Mapping[str, Any]) -> list[str]:
    """Drop the size of the training set that another way to say it replaces, or that follows from the number."""
    written = settings.get("task", {})
    if not isinstance(written, dict):
        return []  # validation refuses it
    if (split := assigned.get("task.split", written.get("split"))) == "file":
        return _change_split_file(settings, written, assigned)
    if split is not None and (path := written.get("split_file")):
        gone = ("split_file", "split_file_sha256")
        settings["task"] = written = {key: value for key, value in written.items() if key not in gone}
        dropped = [f"dropped split_file = {path}, which {split} does not have"]
    else:
        dropped = []
    replaces = {"train_fraction": "n_train", "n_train": "train_fraction"}
    said = [name for name in replaces if assigned.get(f"task.{name}", "auto") != "auto"]
    follows = "task.n_train" not in assigned and written.get("n_train", "auto") != "auto"
    name = replaces[said[0]] if len(said) == 1 else "train_fraction" if follows and not said else ""
    if name not in written:
        return dropped
    settings["task"] = {key: value for key, value in written.items() if key != name}
    replaced = [f"dropped {name} = {written[name]}, because {said[0]} replaces it"] if said and written[name] != "auto" else []
    return [*dropped, *replaced]


def _change_split_file(settings: dict[str, Any], written: dict[str, Any], assigned: Mapping[str, Any]) -> list[str]:
    """Drop the size of the training set where a file decides it; that of another file followed from it."""
    sizes = [name for name in ("train_fraction", "n_train") if name in written and f"task.{name}" not in assigned]
    settings["task"] = {key: value for key, value in written.items() if key not in sizes}
    shown = [f"{name} = {written[name]}" for name in sizes if written[name] != "auto"]
    return [f"dropped {', '.join(shown)}: split_file decides"] if shown and written.get("split") != "file" else []


def _change_schedule(settings: dict[str, Any], new: Any) -> list[str]:  # noqa: ANN401 - any TOML value
    written = settings.get("optimizer", {})
    if not isinstance(new, str) or new in SCHEDULES or not isinstance(written, dict):
        return []
    dropped = {name: written[name] for name in ("schedule_steps", "final_share") if name in written}
    settings["optimizer"] = {name: value for name, value in written.items() if name not in dropped}
    idle = {"schedule_steps": "all", "final_share": 0.0}
    return [f"dropped {name} = {value}, which {new} does not have" for name, value in dropped.items() if value != idle[name]]


def _change_steps(settings: dict[str, Any], new: Any) -> list[str]:  # noqa: ANN401 - any TOML value
    expect = settings.get("expect")
    if not isinstance(expect, dict) or not isinstance(new, int | float) or not (late := inspected_after(new, expect)):
        return []
    settings["expect"] = {name: expected for name, expected in expect.items() if name not in late}
    return [f"dropped the expectations of later steps: {', '.join(late)}"]


def _has(settings: type[BaseModel], name: str, value: Any) -> bool:  # noqa: ANN401 - any TOML value
    """Whether these settings have this name, and the value is valid for it."""
    if name not in settings.model_fields:
        return False
    try:
        settings.model_validate({name: value})
    except ValidationError as error:
        return all(details["loc"][:1] != (name,) for details in error.errors())
    return True
