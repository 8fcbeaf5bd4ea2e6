"""The run that is meant: by name, by the beginning of one, by `-` for the newest, or by path."""

import os
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from grokterm.errors import RunNotFoundError, StorageError
from grokterm.experiment.reading.hints import n_equal_at_first, nearest
from grokterm.experiment.reading.paths import user_path
from grokterm.runs.command_line import command_in, command_line
from grokterm.runs.store import SWEEP, Run, is_run, made_at, placed_at, without_time

NEWEST = "-"

MOST_COMPARED = 100  # names among which the one that was meant is looked for: each takes a tenth of a millisecond
MOST_NAMED = 4  # candidates in a message

CLOCK_ERROR = 600.0  # seconds by which a disk may say that a run came there before it was made


def find_run(folder: Path, name: str) -> Run:
    """Find a run by its name in the folder, a path, the beginning of its name if no other begins so, or `-` for the newest.

    A run that is called so before its time goes before those whose names only begin so: `quick` is not `quick-ungrok-...`.

    Raises:
        RunNotFoundError: with the nearest name, if there is none, or with some of several.
        StorageError: if the folder cannot be read.
    """
    if name == NEWEST:
        return Run((folder / newest_name(folder)).resolve())
    if (run := exact_run(folder, name)) is not None:
        return run
    known = run_names(folder)
    begin = [one for one in known if name and one.startswith(name)]
    if found := beginning_with(name, [one for one in begin if is_run(folder / one)]):
        return Run((folder / found).resolve())
    if name and (sweeps := [path for path in (*_exactly(folder, name), *map(folder.joinpath, begin)) if is_sweep(path)]):
        raise RunNotFoundError(f"{sweeps[0].name} is a sweep, not a run: `{command_line('open', sweeps[0])}` shows its members")
    holds_runs = any(is_run(folder / one) for one in known)
    hint = f": `{command_in('runs', folder)}` lists them" if holds_runs else f": the folder {folder} holds no run"
    raise RunNotFoundError(f"no run is called {name!r}{_nearest(name, folder, known) or hint}")


def beginning_with(name: str, known: Sequence[str]) -> str:
    """Return the one that begins so, or is called so before its time; empty if there is none.

    Raises:
        RunNotFoundError: with some of them, if there are several.
    """
    begin = [one for one in known if name and one.startswith(name)]
    found = [one for one in begin if without_time(one) == name] or begin
    if len(found) > 1:
        raise RunNotFoundError(
            f"{len(found)} runs are called {name}...: {_some(found)}: write more of the name, or - for the newest"
        )
    return found[0] if found else ""


def exact_run(folder: Path, name: str) -> Run | None:
    """Find a run by its whole name in the folder, or by a path; None if there is none."""
    return next((Run(path.resolve()) for path in _exactly(folder, name) if name and is_run(path)), None)


def newest_name(folder: Path) -> str:
    """Name the run that was made last. Of thousands only those are read that came there later than it was made.

    Raises:
        RunNotFoundError: if there is none.
        StorageError: if the folder cannot be read.
    """
    newest = 0.0, ""
    for placed, name in sorted(((placed_at(f"{folder}/{name}"), name) for name in run_names(folder)), reverse=True):
        if placed + CLOCK_ERROR < newest[0]:
            break
        if is_run(folder / name):
            newest = max(newest, (made_at(Run(folder / name)), name))
    if not newest[1]:
        raise RunNotFoundError(f"the folder {folder} holds no run: `{command_in('run --preset quick', folder)}` makes one")
    return newest[1]


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


def is_sweep(path: Path) -> bool:
    """Whether a folder is that of a sweep."""
    try:
        return (path / SWEEP).is_file()
    except OSError:  # name too long, or no permission
        return False


def sweep_names(folder: Path, beginning: str = "") -> list[str]:
    """List the sweeps of a runs folder by name, those that begin so.

    Raises:
        StorageError: if the folder cannot be read.
    """
    return [name for name in run_names(folder) if name.startswith(beginning) and is_sweep(folder / name)]


def _exactly(folder: Path, name: str) -> tuple[Path, Path]:
    return folder / name, user_path(name)


def _nearest(name: str, folder: Path, known: Sequence[str]) -> str:
    """Say which run was meant, of those that begin as it does longest."""
    likely = sorted(known, key=lambda one: -n_equal_at_first(name, one))
    return nearest(name, list(islice((one for one in likely if is_run(folder / one)), MOST_COMPARED)))


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[-MOST_NAMED:])
    return f"{shown} and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else shown
