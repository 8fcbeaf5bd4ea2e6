"""Writing of an export: whole or not at all, and never over something else."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from grokterm.errors import ConfigError, StorageError
from grokterm.runs.export.source import Source

if TYPE_CHECKING:
    from grokterm.runs.export.table import Format

MARK = "grokterm-export.json"
"""In a folder that was exported, which may be replaced; what else is a folder stays."""


def export(source: Source, chosen: "Format", path: Path, *, may_overwrite: bool) -> list[Path]:
    """Write a run in a format; return the files, or the folder, that were made.

    Raises:
        ConfigError: if the run has no such form, or something is in the way that may not be overwritten.
        StorageError: if it cannot be written.
    """
    _check_free(path, may_overwrite=may_overwrite)
    try:
        with TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as draft:
            chosen.write(source, Path(draft, path.name))
            made = sorted(Path(draft).iterdir(), key=lambda one: (one.name != path.name, one.name))
            for one in made:
                _check_free(path.with_name(one.name), may_overwrite=may_overwrite)
            for one in made:
                _put(one, path.with_name(one.name), source)
            return [path.with_name(one.name) for one in made]
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}: choose another place with --out") from None


def _check_free(path: Path, *, may_overwrite: bool) -> None:
    if not path.is_dir():
        if path.exists() and not may_overwrite:
            raise ConfigError(f"{path} exists: choose another name with --out, or overwrite it with --force")
    elif not (path / MARK).is_file():
        raise ConfigError(f"{path} is a folder, and no export: choose another name with --out")
    elif not may_overwrite:
        raise ConfigError(f"{path} exists: choose another name with --out, or replace it with --force")


def _put(draft: Path, path: Path, source: Source) -> None:
    if draft.is_dir():
        (draft / MARK).write_text(json.dumps({"run": source.run.name}), encoding="utf-8")
    for file in _files(draft):
        with file.open("rb") as written:
            os.fsync(written.fileno())
    if path.is_dir():
        path.rename(draft.with_name(f".{path.name}.before"))  # goes with the other drafts
    draft.replace(path)


def _files(path: Path) -> Iterator[Path]:
    return (one for one in (path, *path.rglob("*")) if one.is_file() and not one.is_symlink())
