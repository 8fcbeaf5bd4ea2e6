"""The rows of all runs in a folder: read from an index, and of a run only what has changed since."""

import os
from collections.abc import Callable, Container, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from grokterm.experiment.reading.presets import list_presets
from grokterm.experiment.recording.endings import GOES_ON
from grokterm.plugins.registry import lacking
from grokterm.runs.finding import run_names
from grokterm.runs.journal import collecting_no_garbage
from grokterm.runs.listing.annotations import FILE
from grokterm.runs.listing.facts import Entry, Facts
from grokterm.runs.listing.file import IndexFile
from grokterm.runs.listing.reference import Reference
from grokterm.runs.listing.row import RunRow, State
from grokterm.runs.store import is_run

if TYPE_CHECKING:
    from grokterm.experiment.recording.owner import Owner

READ_FROM = ("experiment.toml", "meta.json", "journal.jsonl", FILE)

SHOW_SECONDS = 1.0  # of a long reading, after which what it has found is shown, and saved: it may be interrupted

Progress = Callable[[int, int], None]
"""Told how many runs were read, of how many that have changed."""

Show = Callable[[list[RunRow]], object]
"""Given what is known before all is read: the rows of the index, and what a long reading has found so far."""


class OtherKind(Protocol):
    """What is listed among the runs of a folder and is none: sweeps, which this layer does not know."""

    def stamp(self, path: str) -> str | None:
        """Return what changes whenever a row may; None if the folder is no such thing."""

    def read(self, path: Path) -> Facts:
        """Read what a row shows."""

    def state(self, path: Path) -> "tuple[State, Owner | None]":
        """Tell how one fares that has not ended, and which process works on it."""


def list_rows(folder: Path, progress: Progress | None = None, others: OtherKind | None = None) -> list[RunRow]:
    """List the runs of a folder, oldest first; one that cannot be read has its problem in its row.

    Raises:
        StorageError: if the folder cannot be read.
    """
    return RunIndex(folder, others).rows(progress)


class RunIndex:
    """The runs of a folder. A row that has not changed is the same object the next time."""

    def __init__(self, folder: Path, others: OtherKind | None = None) -> None:
        self._folder = folder
        self._others = others
        self._is_loaded = False
        self._entries: dict[str, Entry] = {}
        self._unsaved: set[str] = set()
        self._rows: dict[str, tuple[Entry, RunRow]] = {}

    def rows(self, progress: Progress | None = None, show: Show | None = None) -> list[RunRow]:
        """List the runs, oldest first.

        Raises:
            StorageError: if the folder cannot be read.
        """
        with collecting_no_garbage():
            names = run_names(self._folder)
            if not self._is_loaded:
                self._entries = IndexFile.of(self._folder).load()
                self._is_loaded = True
                if show is not None and self._entries:
                    show(self._listed(set(names)))
            stamps = {name: one for name in names if (one := self._stamp(f"{self._folder}/{name}")) is not None}
        self._read_changed(stamps, progress, show)
        with collecting_no_garbage():
            return self._listed(stamps)

    def _stamp(self, path: str) -> str | None:
        own = stamp_of(path, READ_FROM)
        return self._others.stamp(path) if own is None and self._others is not None else own

    def _read(self, name: str) -> Facts:
        from grokterm.runs.listing.reading import read_facts

        path, before = self._folder / name, self._entries.get(name)
        if self._others is not None and not is_run(path):
            return self._others.read(path)
        return read_facts(path, before.facts.skim if before is not None else None)

    def _read_changed(self, stamps: Mapping[str, str], progress: Progress | None, show: Show | None) -> None:
        """Read the runs whose files have changed, and those that could not be read, as a disk may have come back."""
        known = {name: "" if entry.facts.shown.get("problem") else entry.stamp for name, entry in self._entries.items()}
        changed = [name for name, text in stamps.items() if known.get(name) != text]
        if not changed:
            return
        changed.sort(key=stamps.__getitem__, reverse=True)  # the newest first, as far as their files tell
        begun = monotonic()
        for number, name in enumerate(changed, start=1):
            before = self._entries.get(name)
            facts = self._read(name)
            if before is None or (before.stamp, before.facts) != (stamps[name], facts):
                self._entries[name] = Entry(stamps[name], facts)
                self._unsaved.add(name)
            if progress is not None:
                progress(number, len(changed))
            if monotonic() > begun + SHOW_SECONDS:
                found = self._listed(stamps)
                if show is not None:
                    show(found)
                begun = monotonic()

    def _listed(self, names: Container[str]) -> list[RunRow]:
        """Return the rows of those that are known of these runs, save what has changed of them, and forget all others."""
        gone = [name for name in self._entries if name not in names]
        for name in gone:
            del self._entries[name]
        known = sorted(self._entries, key=lambda name: (self._entries[name].facts.created, name))
        changed = self._unsaved | self._compare(known)
        unended = self._watch(known)
        changed |= {name for name, (state, _) in unended.items() if state == "killed"}
        if changed or gone:
            IndexFile.of(self._folder).save({name: self._entries[name] for name in changed}, gone)
        self._unsaved = set()
        rows = [self._row(name, *unended.get(name, (None, None))) for name in known]
        self._rows = {row.name: (self._entries[row.name], row) for row in rows}
        return rows

    def _compare(self, names: Sequence[str]) -> set[str]:
        """Compare the runs with their presets whose settings or whose preset have changed, and name them."""
        texts = {preset.name: preset.text for preset in list_presets()}
        references: dict[str, Reference] = {}
        changed = set()
        for name in names:
            entry = self._entries[name]
            preset = entry.facts.shown["preset"]
            if not entry.facts.settings:
                continue
            reference = references.setdefault(preset, Reference(preset, texts.get(preset, ""), entry.facts))
            if entry.compared != reference.hash:
                self._entries[name] = reference.compare(entry)
                changed.add(name)
        return changed

    def _watch(self, names: Sequence[str]) -> dict[str, tuple[State, "Owner | None"]]:
        """Tell how those fare that have not ended, and which process trains them; one that was killed has ended."""
        unended = [name for name in names if self._entries[name].facts.is_unended]
        if not unended:
            return {}
        from grokterm.runs.listing.reading import status_of

        found: dict[str, tuple[State, Owner | None]] = {}
        for name in unended:
            facts = self._entries[name].facts
            if _is_other(facts):
                if self._others is not None:
                    found[name] = self._others.state(self._folder / name)
                continue
            status, owner = status_of(self._folder / name, facts)
            if status == "killed":
                self._entries[name] = self._entries[name]._replace(facts=facts.killed)
                found[name] = "killed", None
            elif status == "training":
                found[name] = "paused" if facts.is_paused else "training", owner
            else:
                found[name] = "unknown", owner
        return found

    def _row(self, name: str, state: State | None, owner: "Owner | None") -> RunRow:
        """Return the row of a run; the one before if it has not changed."""
        entry = self._entries[name]
        if state is None:
            state = _end(entry.facts)
        lacks = lacking(entry.facts.plugins)
        before, row = self._rows.get(name, (None, None))
        if row is not None and before is entry and (row.state, row.owner, row.lacks) == (state, owner, lacks):
            return row
        shown = entry.facts.shown
        compared = {"differences": entry.differences, "told": entry.told, "settings": entry.facts.settings}
        own = compared | shown | {"tags": tuple(shown["tags"]), "state": state, "owner": owner, "lacks": lacks}
        return RunRow(name, Path(f"{self._folder}/{name}"), entry.facts.created, **own)


def _end(facts: Facts) -> State:
    ended = facts.shown.get("ended")
    if ended is None:
        return "unknown"  # it cannot be read
    return "killed" if ended == "killed" else "interrupted" if ended in GOES_ON else "ended"


def _is_other(facts: Facts) -> bool:
    return "kind" in facts.shown


def stamp_of(path: str, names: Sequence[str]) -> str | None:
    """Return what changes whenever one of the files in a folder does; None if the first is not there."""
    parts = []
    for name in names:
        try:
            found = os.stat(f"{path}/{name}")  # noqa: PTH116 - four for each of thousands of runs
        except OSError:
            if name == names[0]:
                return None
            parts.append("-")
            continue
        parts.append(f"{found.st_mtime_ns} {found.st_size} {found.st_ino}")
    return "/".join(parts)
