"""The folder of a sweep, a direct child of the runs folder. It is the truth about the sweep, whichever processes work on it.

`sweep.toml`: a preset with a table `[sweep]`. `members/KEY/`: the run of a member. `leases/KEY`: which process works on it.
`results/KEY.json`: what came of it. Results, and the tables made of them, can be made again from the runs.
"""

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from grokterm.errors import ConfigError, RunNotFoundError, StorageError
from grokterm.experiment.reading.escaping import escaped_text
from grokterm.experiment.reading.files import located
from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.sweep import Sweep
from grokterm.plugins.registry import missing
from grokterm.runs.storage.durable import drop_drafts, remove, remove_tree, rename, write_durably, write_whole
from grokterm.runs.store import MEMBERS, SWEEP, Run, is_run
from grokterm.runs.thinning import checkpoint_sizes
from grokterm.sweeps.members import Member, members_of
from grokterm.sweeps.storage.result import Result

META = "meta.json"

DAMAGED, REPLACED = "-damaged", "-replaced"  # what is kept of a member's run beside it

LEASES, RESULTS = "leases", "results"
FOLDERS = (MEMBERS, LEASES, RESULTS)


@dataclass(frozen=True)
class SweepFolder:
    """A sweep on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The name of its directory."""
        return self.path.name

    @property
    def runs(self) -> Path:
        """The runs folder, in which members find runs whose weights they start from."""
        return self.path.parent

    @property
    def preset(self) -> str:
        """The preset that it follows; empty if that is not known."""
        return Run(self.path).preset

    @property
    def defined_at(self) -> int:
        """When its definition was written, in nanoseconds; 0 if there is none."""
        try:
            return (self.path / SWEEP).stat().st_mtime_ns
        except OSError:
            return 0

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings of the experiment that is varied.

        Raises:
            RunNotFoundError: if they cannot be read, or name what a plugin has added that is not loaded.
        """
        if self.lacks:
            raise RunNotFoundError(self.lacks)
        return self.written

    @property
    def written(self) -> dict[str, Any]:
        """The same as they are written, whatever plugins they need.

        Raises:
            RunNotFoundError: if they cannot be read.
        """
        return {name: value for name, value in self._definition.items() if name != "sweep"}

    @property
    def lacks(self) -> str:
        """What it needs of plugins that are not loaded, and how that is had; empty if it needs nothing."""
        lacking = missing(Run(self.path).meta.get("plugins"))
        return f"sweep {self.name} {lacking}" if lacking else ""

    @cached_property
    def sweep(self) -> Sweep:
        """How it is varied.

        Raises:
            RunNotFoundError: if that cannot be read.
        """
        try:
            return Sweep.from_settings(self._definition.get("sweep", {}))
        except ConfigError as error:
            raise RunNotFoundError(f"sweep {self.name}: {SWEEP} cannot be read: {error}") from None

    @cached_property
    def _definition(self) -> dict[str, Any]:
        try:
            return located(parse_toml((self.path / SWEEP).read_text(encoding="utf-8")), self.path)
        except (OSError, UnicodeDecodeError, ConfigError) as error:
            raise RunNotFoundError(f"sweep {self.name}: {SWEEP} cannot be read: {error}") from None

    def members(self) -> list[Member]:
        """Make the members of its grid."""
        return members_of(self.settings, self.sweep)

    @property
    def members_folder(self) -> Path:
        """The folder of the runs of members."""
        return self.path / MEMBERS

    def place_of(self, key: str) -> Path:
        """Return where the run of a member is, or would be."""
        return self.members_folder / key

    def run_of(self, key: str) -> Run | None:
        """Return the run of a member; None if it was not begun, or left only its result."""
        path = self.place_of(key)
        return Run(path) if is_run(path) else None

    def has_checkpoints(self, key: str) -> bool:
        """Whether there is a network of a member to look at."""
        return bool(checkpoint_sizes(Run(self.place_of(key)).checkpoints))

    def saved_step(self, key: str) -> int:
        """Return the step of a member's newest checkpoint; 0 if it has none."""
        return max(checkpoint_sizes(Run(self.place_of(key)).checkpoints), default=0)

    def set_aside(self, key: str) -> None:
        """Move what is in the place of a member's run and cannot be gone on with out of the way; keep the last of such.

        Raises:
            OSError: if that cannot be done.
        """
        path = self.place_of(key)
        if path.exists():
            kept = path.with_name(f".{key}{DAMAGED}")
            if kept.exists():
                remove_tree(kept)
            rename(path, kept)

    def put_back(self, key: str) -> None:
        """Put a member's run back where a process was killed that had moved it out of the way of another one.

        Raises:
            OSError: if that cannot be done.
        """
        path = self.place_of(key)
        if (replaced := path.with_name(f".{key}{REPLACED}")).exists():
            remove_tree(replaced) if path.exists() else rename(replaced, path)

    def drop_drafts(self, key: str) -> None:
        """Remove what processes have left that were killed while they made the run of a member."""
        drop_drafts(self.members_folder, key, age=0)

    @property
    def leases_folder(self) -> Path:
        """The folder of files by which processes claim members."""
        return self.path / LEASES

    def lease_of(self, key: str) -> Path:
        """Return the file by which a process claims a member."""
        return self.leases_folder / key

    @property
    def results_folder(self) -> Path:
        """The folder of what came of members."""
        return self.path / RESULTS

    def result_file(self, key: str) -> Path:
        """Return the file that says what came of a member, once it has ended."""
        return self.results_folder / f"{key}.json"

    def result_of(self, key: str) -> Result | None:
        """Read what came of a member; None if nothing did yet, or it cannot be read or is about another."""
        try:
            result = Result.model_validate_json(self.result_file(key).read_bytes())
        except (OSError, ValueError):
            return None
        return result if result.key == key else None  # which names files that are removed

    @property
    def has_results(self) -> bool:
        """Whether a member has ended."""
        return any(self.results_folder.glob("*.json"))

    def keep_result(self, result: Result) -> None:
        """Write what came of a member, durably if its checkpoints are removed then: else it can be read from its run again.

        Raises:
            OSError: if it cannot be written.
        """
        write = write_durably if self.sweep.keep == "results" else write_whole
        write(self.result_file(result.key), escaped_text(result.model_dump_json()).encode())

    def forget_failed(self) -> list[str]:
        """Remove the results of members that have failed, so that they are worked on again; return their keys.

        Raises:
            StorageError: if they cannot be removed.
        """
        failed = [key for key, result in self.results().items() if result.outcome == "failed"]
        self._forget(failed)
        return failed

    def forget_unmeasured(self, names: Collection[str]) -> None:
        """Remove results that lack one of these metrics, if there is still a network to measure when they are made again.

        Raises:
            StorageError: if they cannot be removed.
        """
        if names:
            found = self.results().values()
            lacking = [one.key for one in found if one.outcome != "failed" and not one.metrics.keys() >= set(names)]
            self._forget([key for key in lacking if self.has_checkpoints(key)])

    def _forget(self, keys: Iterable[str]) -> None:
        try:
            for key in keys:
                remove(self.result_file(key))
        except OSError as error:
            raise StorageError(f"{self.path} cannot be written: {error.strerror}") from None

    def results(self, known: Mapping[str, Result] | None = None) -> dict[str, Result]:
        """Read the results of all members, also of those that an edited grid has left; only those that are not known."""
        try:
            with os.scandir(self.results_folder) as entries:
                keys = [entry.name.removesuffix(".json") for entry in entries if not entry.name.startswith(".")]
        except OSError:
            keys = []
        before = known or {}
        return {key: result for key in keys if (result := before.get(key) or self.result_of(key)) is not None}
