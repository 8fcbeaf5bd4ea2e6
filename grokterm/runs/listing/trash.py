"""Deleted runs, in a hidden folder of the runs folder until it is emptied."""

import os
from pathlib import Path

from grokterm.errors import ConfigError, RunNotFoundError, StorageError
from grokterm.experiment.reading.hints import nearest
from grokterm.runs.finding import NEWEST, beginning_with, newest_name
from grokterm.runs.listing.reading import read_facts, status_of
from grokterm.runs.lock import holder_of, refusal
from grokterm.runs.storage.durable import drop_drafts, is_draft, make_folder, remove, remove_tree, rename

FOLDER = ".trash"


def move_to_trash(run: Path) -> Path:
    """Move the folder of a run to the trash of its runs folder; return where it lies.

    Raises:
        StorageError: if it is trained at this moment, or cannot be moved.
    """
    refuse_if_trained(run)
    trash = run.parent / FOLDER
    try:
        make_folder(trash)
        target = _free(trash / run.name)
        rename(run, target)
    except OSError as error:
        raise StorageError(f"{run} cannot be moved to {trash}: {error.strerror}") from None
    return target


def refuse_if_trained(run: Path) -> None:
    """Refuse to go on with a run that a process holds.

    Raises:
        StorageError: which names the process.
    """
    if holder_of(run) is not None:
        raise StorageError(refusal(run))
    facts = read_facts(run)
    status, owner = status_of(run, facts) if facts.is_unended else ("ended", None)
    if status == "training" and owner is not None:
        raise StorageError(f"run {run.name} is trained by process {owner.pid}: end it first")


def restore(folder: Path, name: str) -> Path:
    """Move a run back from the trash of a runs folder; return where it lies.

    It is named as `find_run` names one, but for paths.

    Raises:
        RunNotFoundError: if the trash holds no such run, or several begin so.
        ConfigError: if there is a run of that name again.
        StorageError: if it cannot be moved.
    """
    known = trashed(folder)
    if name not in known and known:
        name = newest_name(folder / FOLDER) if name == NEWEST else beginning_with(name, known) or name
    if name not in known:
        hint = nearest(name, known) or (f": it holds {_some(known)}" if known else ", which is empty")
        raise RunNotFoundError(f"no run called {name!r} is in the trash{hint}")
    target = folder / name
    if target.exists():
        raise ConfigError(f"there is a run called {name} again: rename its folder first")
    try:
        rename(folder / FOLDER / name, target)
    except OSError as error:
        raise StorageError(f"{target} cannot be restored: {error.strerror}") from None
    return target


def trashed(folder: Path) -> list[str]:
    """Name what is in the trash of a runs folder.

    Raises:
        StorageError: if it cannot be read.
    """
    try:
        return sorted(path.name for path in (folder / FOLDER).iterdir() if not is_draft(path.name))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{folder / FOLDER} cannot be read: {error.strerror}") from None


def purge(folder: Path) -> int:
    """Empty the trash of a runs folder; return how many bytes that frees.

    Raises:
        StorageError: if something cannot be removed.
    """
    freed = 0
    drop_drafts(folder / FOLDER, age=0)  # what is left of an earlier time
    for name in trashed(folder):
        path = folder / FOLDER / name
        try:
            size = space(path)
            remove_tree(path) if path.is_dir() and not path.is_symlink() else remove(path)
        except OSError as error:
            raise StorageError(f"{path} cannot be removed: {error.strerror}") from None
        freed += size
    return freed


def space(path: Path) -> int:
    """Return the bytes of a folder, or a file."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(Path(folder, name).lstat().st_size for folder, _, names in os.walk(path) for name in names)


def _free(path: Path) -> Path:
    """Return this path, or with a number the first that is not taken."""
    number = 1
    while (free := path if number == 1 else path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return free


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", ..." if names[5:] else "")
