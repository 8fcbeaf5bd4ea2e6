"""The run or the sweep that a name means, where a command takes both."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from grokterm.errors import RunNotFoundError

if TYPE_CHECKING:
    from grokterm.runs.store import Run
    from grokterm.sweeps.storage.folder import SweepFolder


def run_or_sweep(folder: Path, name: str) -> "Run | SweepFolder":
    """Find a run, or else a sweep; a name that both have, or begin with, is the run's.

    Raises:
        RunNotFoundError: if there is neither.
        StorageError: if the folder cannot be read.
    """
    from grokterm.runs.finding import find_run

    try:
        return find_run(folder, name)
    except RunNotFoundError:
        # And what validates an experiment, for which a run need not wait.
        from grokterm.sweeps.storage.finding import find_sweep

        with suppress(RunNotFoundError):
            return find_sweep(folder, name)
        raise
