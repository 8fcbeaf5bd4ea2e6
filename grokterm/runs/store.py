"""The runs folder: one directory per run.

What validates an experiment is imported with the first one that is read: a list of runs needs none.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grokterm.errors import CheckpointError, ConfigError, RunNotFoundError, StorageError
from grokterm.experiment.reading.json_object import parse_object
from grokterm.experiment.reading.toml import format_toml, parse_toml
from grokterm.plugins.registry import missing
from grokterm.runs.storage.durable import write_durably
from grokterm.runs.storage.unwritable import gone, storing

if TYPE_CHECKING:
    from grokterm.experiment.experiment import Experiment
    from grokterm.experiment.reading.outline import Outline

# Lines of experiment.toml: runs of version 0.1.0 may name the removed engine; the other gives the same results.
RETIRED_ENGINE, REPLACEMENT_ENGINE = 'engine = "compiled"', 'engine = "eager"'

SWEEP, MEMBERS = "sweep.toml", "members"  # what a folder of runs holds that is a sweep: its definition, and the runs


@dataclass(frozen=True)
class Run:
    """One training on disk.

    `experiment.toml`: its settings. `meta.json`: machine and versions. `journal.jsonl`: its records. `checkpoints/`: tensors to
    resume from. `parts/`: the trained networks of a mixture. `files/`: copies of what its settings name.
    """

    path: Path

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self.path.name

    @property
    def runs_dir(self) -> Path:
        """The folder of the runs that begin from it: its own, and of a member of a sweep the one that holds the sweep."""
        folder = self.path.parent
        is_member = folder.name == MEMBERS and (folder.parent / SWEEP).exists()
        return folder.parents[1] if is_member else folder

    @property
    def journal(self) -> Path:
        """The journal, one JSON line per record."""
        return self.path / "journal.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Weights and optimizer states."""
        return self.path / "checkpoints"

    @cached_property
    def experiment(self) -> "Experiment":
        """The settings of the run.

        Raises:
            RunNotFoundError: if they cannot be read, or name what a plugin has added that is not loaded.
        """
        from grokterm.experiment.experiment import Experiment

        if self.lacks:
            raise RunNotFoundError(self.lacks)
        with self._reading():
            return Experiment.from_settings(self._written())

    @property
    def lacks(self) -> str:
        """What it needs of plugins that are not loaded, and how that is had; empty if it needs nothing."""
        lacking = missing(self.meta.get("plugins"))
        return f"run {self.name} {lacking}" if lacking else ""

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its experiment; without the plugins that it needs as they are written, not validated.

        Raises:
            RunNotFoundError: if they cannot be read.
        """
        if not self.lacks:
            return self.experiment.settings()
        with self._reading():
            return self._written()

    @property
    def outline(self) -> "Outline":
        """What of its settings is known without plugins too.

        Raises:
            RunNotFoundError: if that cannot be read.
        """
        from grokterm.experiment.reading.outline import Outline

        with self._reading():
            return Outline.from_settings(self.settings)

    @contextmanager
    def without_plugins(self) -> Iterator[None]:
        """In this context is read what may be known without its plugins: what names one of them cannot be.

        Raises:
            RunNotFoundError: then, with what is lacking.
        """
        try:
            yield
        except CheckpointError:
            if self.lacks:
                raise RunNotFoundError(self.lacks) from None
            raise

    def _written(self) -> dict[str, Any]:
        from grokterm.experiment.reading.files import located

        text = (self.path / "experiment.toml").read_text(encoding="utf-8")
        return located(parse_toml(text.replace(RETIRED_ENGINE, REPLACEMENT_ENGINE)), self.path)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            why = gone(self.path) or f"experiment.toml cannot be read: {error.strerror}"
            raise RunNotFoundError(f"run {self.name}: {why}") from None
        except (UnicodeDecodeError, ConfigError) as error:
            raise RunNotFoundError(f"run {self.name}: experiment.toml cannot be read: {error}") from None

    @cached_property
    def meta(self) -> dict[str, Any]:
        """Machine, device and versions; empty if the file cannot be read."""
        try:
            return parse_object((self.path / "meta.json").read_bytes())
        except (OSError, ValueError):
            return {}

    @property
    def preset(self) -> str:
        """The preset that it follows, changed or not; empty if it is not known."""
        return str(self.meta.get("preset", ""))

    def rewrite(self, experiment: "Experiment") -> None:
        """Replace the settings, when a resume changes them."""
        from grokterm.experiment.reading.files import copied

        with storing(self.path):
            write_durably(self.path / "experiment.toml", format_toml(copied(experiment.settings())[0]).encode())
        vars(self).pop("experiment", None)  # cached_property's stale value


def without_time(name: str) -> str:
    """Return the name of a run without the time: what its preset, or the experiment, is called."""
    return re.sub(r"-\d{8}-\d{6}(-\d+)?$", "", name)


def list_runs(folder: Path) -> list[Run]:
    """List the runs of a folder, oldest first.

    Raises:
        StorageError: if the folder cannot be read.
    """
    try:
        paths = [path for path in folder.iterdir() if not path.name.startswith(".") and is_run(path)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{folder} cannot be read: {error.strerror}: choose another folder with --runs-dir") from None
    return sorted(map(Run, paths), key=lambda run: (made_at(run), run.name))


def is_run(path: Path) -> bool:
    """Whether a folder is a run."""
    try:
        return (path / "experiment.toml").is_file()
    except OSError:  # name too long, or no permission
        return False


def made_at(run: Run) -> float:
    """Return when a run was made: as its `meta.json` says, which a copy does not change, else as `placed_at`."""
    try:
        return datetime.fromisoformat(run.meta["created"]).timestamp()
    except (KeyError, TypeError, ValueError, OverflowError):
        return placed_at(run.path)


def placed_at(run: str | Path) -> float:
    """Return when a run came into its folder, from a file that is never rewritten, as a resume touches the directory.

    0 if it is gone.
    """
    for path in (f"{run}/meta.json", run):
        with suppress(OSError):
            return os.stat(path).st_mtime  # noqa: PTH116 - of thousands of runs
    return 0.0
