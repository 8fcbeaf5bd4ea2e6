"""What makes the folder of a sweep, or gives the one that is there another definition."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grokterm import __version__
from grokterm.errors import ConfigError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.plugins import plugins_of
from grokterm.experiment.reading.files import copied
from grokterm.experiment.reading.toml import format_toml
from grokterm.experiment.sweep import Sweep
from grokterm.plugins.registry import PROVIDED, changed, record
from grokterm.runs.finding import is_sweep
from grokterm.runs.storage.durable import drop_drafts, make_folder, write_durably, write_folder
from grokterm.runs.store import SWEEP, Run
from grokterm.sweeps.storage.folder import FOLDERS, META, SweepFolder


def keep_sweep(folder: Path, name: str, preset: str, settings: Mapping[str, Any], sweep: Sweep) -> SweepFolder:
    """Create the folder of a sweep, or give the one that is there this definition: what it has trained stays.

    Raises:
        ConfigError: if the folder belongs to another preset, or to something else, or was trained by other plugins.
        StorageError: if it cannot be written.
    """
    found = SweepFolder(folder / name)
    try:
        if found.path.exists() and any(found.path.iterdir()):
            if not (found.path / SWEEP).is_file():
                raise ConfigError(f"{found.path} is there, and is no sweep: choose another name")
            if found.preset not in ("", preset):
                raise ConfigError(f"{found.path} is a sweep of {found.preset}, not of {preset}: choose another name")
        if said := changed(Run(found.path).meta.get("plugins")):
            raise ConfigError(f"sweep {name} cannot go on: {said}: load the former, or choose another name")
        experiment = Experiment.from_settings({key: value for key, value in settings.items() if key != "expect"})
        kept, files = copied(experiment.settings())
        created = Run(found.path).meta.get("created") or datetime.now(UTC).isoformat(timespec="seconds")
        meta = {"preset": preset, "created": created, "grokterm": __version__, "plugins": _plugins(experiment, sweep)}
        table = sweep.model_dump(exclude_defaults=True, exclude_none=True)
        own = {META: json.dumps(meta, indent=2).encode(), SWEEP: format_toml(kept | {"sweep": table}).encode()}
        _keep(found.path, {**files, **own})
    except OSError as error:
        raise StorageError(f"{found.path} cannot be written: {error.strerror}: choose another folder with --runs-dir") from None
    return found


def _plugins(experiment: Experiment, sweep: Sweep) -> list[dict[str, str]]:
    """List what members need of plugins: what the experiment does, and what the values of an axis or a variant name."""
    axes = [*sweep.grid.values(), *sweep.zipped.values(), *(changes.values() for changes in sweep.variants.values())]
    named = {value for values in axes for value in values if isinstance(value, str)}
    needed = {(one["kind"], one["name"]) for one in plugins_of(experiment)}
    return record({*needed, *((kind, name) for kind, name in PROVIDED if name in named)})


def _keep(path: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder of a sweep at once, or write these files to the one that is there."""
    make_folder(path.parent)
    drop_drafts(path.parent)
    if not path.exists():
        try:
            write_folder(path, files, inner=FOLDERS)
        except OSError:
            if not is_sweep(path):  # which another process has made meanwhile
                raise
        else:
            return
    for inner in dict.fromkeys((".", *FOLDERS, *(str(Path(name).parent) for name in files))):
        make_folder(path / inner)
        drop_drafts(path / inner)
    for name, content in files.items():
        write_durably(path / name, content)
