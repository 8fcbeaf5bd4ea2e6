"""The run that is meant: by name, by the beginning of one, by `-` for the newest, or by path."""

import os
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from grokterm.errors import RunNotFoundError, StorageError
from grokterm.experiment.hints import nearest
from grokterm.runs.store import Run, is_run, made_at, without_time

NEWEST = "-"

MOST_COMPARED = 100  # names among which the one that was meant is looked for: each takes a tenth of a millisecond
MOST_NAMED = 4  # candidates in a message


def find_run(folder: Path, name: str) -> Run:
    """Find a run by its name in the folder, a path, the beginning of its name if no other begins so, or `-` for the newest.

    A run that is called so before its time goes before those whose names only begin so: `quick` is not `quick-ungrok-...`.

    Raises:
        RunNotFoundError: with the nearest name, if there is none, or with some of several.
        StorageError: if the folder cannot be read.
    """
    if name == NEWEST:
        return newest_run(folder)
    if (run := exact_run(folder, name)) is not None:
        return run
    known = run_names(folder)
    begin = [one for one in known if name and one.startswith(name) and is_run(folder / one)]
    found = [one for one in begin if without_time(one) == name] or begin
    if len(found) == 1:
        return Run((folder / found[0]).resolve())
    if found:
        raise RunNotFoundError(
            f"{len(found)} runs are called {name}...: {_some(found)}: write more of the name, or - for the newest"
        )
    hint = _nearest(name, known) or (": `grokterm runs` lists them" if known else f": the folder {folder} holds no run")
    raise RunNotFoundError(f"no run is called {name!r}{hint}")


def exact_run(folder: Path, name: str) -> Run | None:
    """Find a run by its whole name in the folder, or by a path; None if there is none."""
    for path in (folder / name, Path(name).expanduser()):
        if name and is_run(path):
            return Run(path.resolve())
    return None


def newest_run(folder: Path) -> Run:
    """Find the run that was made last.

    Raises:
        RunNotFoundError: if there is none.
        StorageError: if the folder cannot be read.
    """
    for name in sorted(run_names(folder), key=lambda name: (made_at(f"{folder}/{name}"), name), reverse=True):
        if is_run(folder / name):
            return Run((folder / name).resolve())
    raise RunNotFoundError(f"the folder {folder} holds no run: `grokterm run --preset quick` makes one")


def run_names(folder: Path) -> list[str]:
    """List the names of the folders in a runs folder, which are runs but for what else was put there.

    Raises:
        StorageError: if the folder cannot be read.
    """
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror}: choose another folder with --runs-dir") from None


def _nearest(name: str, known: Sequence[str]) -> str:
    """Say which name was meant, of those that begin as it does longest."""
    likely = sorted(known, key=lambda one: -_n_equal(name, one))
    return nearest(name, likely[:MOST_COMPARED])


def _n_equal(one: str, other: str) -> int:
    """Count the letters at the beginning that two names share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[-MOST_NAMED:])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown
