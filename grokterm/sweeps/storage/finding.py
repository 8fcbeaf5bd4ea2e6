"""The sweep that a name means."""

from pathlib import Path

from grokterm.errors import RunNotFoundError
from grokterm.experiment.reading.paths import user_path
from grokterm.runs.finding import beginning_with, is_sweep, sweep_names
from grokterm.sweeps.storage.folder import SweepFolder


def find_sweep(folder: Path, name: str) -> SweepFolder:
    """Find a sweep by its name in the folder, the beginning of its name if no other begins so, or a path.

    Raises:
        RunNotFoundError: if there is none.
    """
    for path in (folder / name, user_path(name)):
        if name and is_sweep(path):
            return SweepFolder(path.resolve())
    known = sweep_names(folder)
    if found := beginning_with(name, known):
        return SweepFolder((folder / found).resolve())
    hint = f"there are {', '.join(known[-4:])}" if known else f"the folder {folder} holds none"
    raise RunNotFoundError(f"no sweep is called {name!r}: {hint}")
