"""The journal of a run: one JSON line a record, appended as it happens."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.records import RECORD, TRANSIENT, Checkpointed, Inspected, Record


class JournalWriter:
    """Appends records. Lines that could not be written are kept, and written with the next ones.

    A resumed run goes on from `end`; what the file holds beyond that is dropped with the first line that is written, so
    that a run which is only looked at stays as it was. A file that somebody else has written to meanwhile is left alone.
    """

    def __init__(self, path: Path, end: int = 0) -> None:
        self._path = path
        self._pending = b""
        self._end = end
        size = path.stat().st_size
        self._sizes = range(size, size + 1)
        """What the file may measure if nobody else writes to it."""

    def write(self, records: Iterable[Record]) -> None:
        """Append records; those that mean nothing once the moment has passed are left out.

        Raises:
            StorageError: if the disk refuses; nothing is lost, and no half line stays behind.
        """
        self._pending += b"".join(_line(record) for record in records if not isinstance(record, TRANSIENT))
        if not self._pending:
            return
        try:
            if self._path.stat().st_size not in self._sizes:
                raise StorageError(f"{self._path} was written by another process: let only one train this run")
            os.truncate(self._path, self._end)  # also drops half a line that an earlier failure left
            with self._path.open("ab") as file:
                file.write(self._pending)
        except OSError as error:
            self._sizes = range(self._end, max(self._sizes.stop, self._end + len(self._pending) + 1))
            raise StorageError(f"{self._path} cannot be written: {error.strerror}") from None
        self._end += len(self._pending)
        self._sizes = range(self._end, self._end + 1)
        self._pending = b""


@dataclass(frozen=True)
class Entry:
    """A record, and where its line ends in the file."""

    record: Record
    end: int


def read_journal(path: Path) -> list[Record]:
    """Read every record; a torn last line is skipped.

    Raises:
        CheckpointError: if the journal cannot be read, or a line in its middle is not a record.
    """
    return [entry.record for entry in _entries(path)]


@dataclass(frozen=True)
class Rewound:
    """A journal up to its last checkpoint."""

    records: tuple[Record, ...]
    checkpoint: Checkpointed | None
    end: int
    """Where the checkpoint's line ends in the file, and those of inspections right after it."""


def rewind_journal(path: Path) -> Rewound:
    """Read what had happened before the last checkpoint that is still there.

    Raises:
        CheckpointError: if the journal cannot be read.
    """
    entries = _entries(path)
    for number in range(len(entries), 0, -1):
        record = entries[number - 1].record
        if isinstance(record, Checkpointed) and (path.parent / "checkpoints" / record.file).exists():
            while number < len(entries) and isinstance(entries[number].record, Inspected):
                number += 1  # found while the run was being left, of steps before it
            return Rewound(tuple(entry.record for entry in entries[:number]), record, entries[number - 1].end)
    return Rewound((), None, 0)


def _entries(path: Path) -> list[Entry]:
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}") from None
    entries, end = [], 0
    for number, line in enumerate(lines, start=1):
        if not line.endswith(b"\n"):
            break  # torn, even where what is left of it can be read
        end += len(line)
        try:
            entries.append(Entry(RECORD.validate_json(line), end))
        except ValidationError:
            if number == len(lines):
                break
            raise CheckpointError(f"{path}, line {number}, is not a record: the journal was edited or damaged") from None
    return entries


def _line(record: Record) -> bytes:
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")  # for people; never read by the program
    return b'{"time":"%s",%s\n' % (moment.encode(), record.model_dump_json(exclude_none=True).encode()[1:])
