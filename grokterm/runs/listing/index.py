"""The rows of all runs in a folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grokterm.experiment.records import Owner
from grokterm.runs.differences import in_short, settings_of, told
from grokterm.runs.listing.reading import GOES_ON, Facts, read_facts
from grokterm.runs.listing.row import RunRow, State
from grokterm.runs.owner import life
from grokterm.runs.store import list_runs, made_at


def list_rows(folder: Path) -> list[RunRow]:
    """List the runs of a folder, oldest first; one that cannot be read has its problem in its row.

    Raises:
        StorageError: if the folder cannot be read.
    """
    return list(_rows(folder))


def _rows(folder: Path) -> Iterator[RunRow]:
    usual: dict[str, dict[str, Any]] = {}
    for run in list_runs(folder):
        facts = read_facts(run.path)
        preset, own = facts.shown["preset"], _plain(facts.settings)
        if own and preset not in usual:
            usual[preset] = _plain(settings_of(preset)) or own
        differences = {name: facts.written.get(name, own[name]) for name in (told(own, usual[preset]) if own else ())}
        yield _row(run.path, made_at(run.path), facts, differences)


def _row(path: Path, created: float, facts: Facts, differences: dict[str, Any]) -> RunRow:
    owner = None if facts.owner is None else Owner.model_validate(facts.owner)
    state = _state(facts, owner)
    shown = facts.shown | ({"ended": "killed"} if state == "killed" else {})
    settings = {name: value for name, value in facts.settings.items() if isinstance(value, str | float | int)}
    return RunRow(
        path.name,
        path,
        created,
        differences=differences,
        told=in_short(differences),
        settings=settings,
        state=state,
        owner=owner,
        **shown,
    )


def _state(facts: Facts, owner: Owner | None) -> State:
    if (reason := facts.shown.get("ended")) is not None:
        return "interrupted" if reason in GOES_ON else "ended"
    if owner is None:
        return "unknown"
    match life(owner):
        case "alive":
            return "paused" if facts.is_paused else "training"
        case "dead":
            return "killed"
        case "unknown":
            return "unknown"


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as JSON has them: lists for tuples."""
    found: dict[str, Any] = json.loads(json.dumps(settings))
    return found
