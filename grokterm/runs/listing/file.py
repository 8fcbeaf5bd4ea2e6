"""The file that keeps what was read of runs. Their folders are the truth: whatever is wrong with it is no error."""

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from zlib import crc32

from platformdirs import user_cache_path

from grokterm import __version__
from grokterm.runs.listing.facts import Entry, Facts

NAME = ".index.sqlite"

PATIENCE = 0.5  # seconds for which a file that another process writes is waited for; then one does without it

TABLES = """
    DROP TABLE IF EXISTS runs;
    DROP TABLE IF EXISTS bases;
    CREATE TABLE runs (name TEXT PRIMARY KEY, base TEXT, entry TEXT, sum INTEGER);
    CREATE TABLE bases (key TEXT PRIMARY KEY, settings TEXT)
"""

READ_BY = ("experiment", "runs", "sweeps")  # packages whose code decides what is read of a run


@dataclass(frozen=True)
class IndexFile:
    """A SQLite file in the runs folder, or in the user's cache where that cannot be written."""

    path: Path

    @classmethod
    def of(cls, folder: Path) -> "IndexFile":
        """Choose the file of a runs folder."""
        if os.access(folder, os.W_OK):
            return cls(folder / NAME)
        return cls(user_cache_path("grokterm") / f"runs-{short_hash(str(folder.resolve()))}.sqlite")

    def load(self) -> dict[str, Entry]:
        """Return what it knows of each run by name; nothing if it is missing, damaged, locked or of another version."""
        if not self.path.is_file():  # which SQLite would make
            return {}
        try:
            with self._opened() as database:
                if not _is_of_this_version(database):
                    return {}
                bases = {key: json.loads(text) for key, text in database.execute("SELECT key, settings FROM bases")}
                rows = database.execute("SELECT name, base, entry, sum FROM runs").fetchall()
            sums = {key: _sum(json.dumps(settings)) for key, settings in bases.items()}
            found = [row for row in rows if row[3] == _sum(*row[:3], base=sums[row[1]])]
            entries = json.loads(f"[{','.join(entry for _, _, entry, _ in found)}]")  # at once, which is faster
            return {name: _entry(bases[base], *values) for (name, base, *_), values in zip(found, entries, strict=True)}
        except sqlite3.OperationalError:  # locked, or not to be opened
            return {}
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError, RecursionError):
            with suppress(OSError):
                self.path.unlink()
            return {}

    def save(self, entries: Mapping[str, Entry], gone: Iterable[str]) -> None:
        """Write what was read of some runs, and forget others; it does not matter if it fails."""
        with suppress(sqlite3.Error, OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self._opened() as database, database:
                if not _is_of_this_version(database):
                    database.executescript(f"{TABLES}; PRAGMA user_version = {code_version()}")
                database.executemany("INSERT OR REPLACE INTO runs VALUES (?, ?, ?, ?)", _rows(database, entries))
                database.executemany("DELETE FROM runs WHERE name = ?", [(name,) for name in filter(_is_text, gone)])

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=PATIENCE)) as database:
            database.execute("PRAGMA synchronous = OFF")  # after a power cut pages are of different times: rows have a sum
            yield database


def _is_of_this_version(database: sqlite3.Connection) -> bool:
    return bool(database.execute("PRAGMA user_version").fetchone()[0] == code_version())


def _rows(database: sqlite3.Connection, entries: Mapping[str, Entry]) -> Iterator[tuple[str, str, str, int]]:
    """Write of each run's settings only what differs from the first run with settings of these names."""
    bases: dict[str, dict[str, Any]] = {}
    for name, entry in entries.items():
        if not _is_text(name):
            continue  # SQLite refuses it, and the run is read each time
        settings = entry.facts.settings
        if (key := short_hash(*settings)) not in bases:
            database.execute("INSERT OR IGNORE INTO bases VALUES (?, ?)", (key, json.dumps(settings)))
            ((text,),) = database.execute("SELECT settings FROM bases WHERE key = ?", (key,))
            bases[key] = json.loads(text)
        own = {one: value for one, value in settings.items() if value != bases[key][one]}
        facts = list(vars(replace(entry.facts, settings=own)).values())
        told = [facts, entry.stamp, entry.compared, entry.differences, entry.told]
        text = json.dumps(told, separators=(",", ":"))
        yield name, key, text, _sum(name, key, text, base=_sum(json.dumps(bases[key])))


def _is_text(name: str) -> bool:
    """Whether the name of a folder is text, and not any bytes."""
    return name.isascii() or not any("\ud800" <= one <= "\udfff" for one in name)


def _sum(*texts: str, base: int = 0) -> int:
    """Return a number by which a row is known that belongs to its settings, and to the code that has read it."""
    return crc32("\0".join(texts).encode("utf-8", "surrogateescape"), crc32(str(code_version()).encode(), base))


def _entry(base: dict[str, Any], facts: list[Any], stamp: str, *compared: Any) -> Entry:  # noqa: ANN401 - from JSON
    shown, settings, *others = facts
    return Entry(stamp, Facts(shown, base | settings, *others), *compared)


@cache
def code_version() -> int:
    """Return a number that stands for the code that reads runs: what another version has read is read again."""
    root = Path(__file__).parents[2]
    files = [path for package in READ_BY for path in sorted((root / package).rglob("*.py"))]
    return int(short_hash(__version__, *(path.read_text("utf-8") for path in files))[:7], 16)


def short_hash(*texts: str) -> str:
    """Return some letters that stand for these texts."""
    return sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()[:16]
