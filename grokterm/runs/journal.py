"""The journal of a run: one JSON line per record, appended as it happens."""

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.reading.escaping import escaped_text
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.packing import gathered, last_of_each, packed, until
from grokterm.experiment.recording.records import RECORD, TRANSIENT, Checkpointed, Record
from grokterm.runs.journal_lines import DamagedError, read_records
from grokterm.runs.storage.durable import append
from grokterm.runs.storage.unwritable import gone, unwritable
from grokterm.runs.thinning import checkpoint_sizes


class JournalWriter:
    """Appends records. Lines that could not be written are written with the next ones.

    A resumed run continues at byte `end`; the first write truncates the file there, so a run that is only opened stays
    unchanged. A file that another process has written to is left alone.
    """

    def __init__(self, path: Path, end: int = 0) -> None:
        """Raises StorageError if the file is gone."""
        self._path = path
        self._pending = b""
        self._end = end
        size = self._size
        self._sizes = range(size, size + 1)  # possible sizes of the file if no other process writes to it

    @property
    def is_as_it_was(self) -> bool:
        """Whether no other process has written to the file.

        Raises:
            StorageError: if it is gone.
        """
        return self._size in self._sizes

    @property
    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError as error:
            raise unwritable(self._path, error) from None

    def write(self, records: Iterable[Record], *, is_durable: bool = False) -> None:
        """Append records, without transient ones; with all that was written before, if they are to survive a power cut.

        Raises:
            StorageError: if the write fails; records are kept for the next write, and a partial line is removed by it.
        """
        self._pending += b"".join(map(journal_line, packed(one for one in records if not isinstance(one, TRANSIENT))))
        if not self._pending:
            return
        try:
            if not self.is_as_it_was:
                raise StorageError(f"{self._path} was written by another process: let only one train this run")
            append(self._path, self._pending, self._end, is_durable=is_durable)  # also removes a partial line of a failed write
        except OSError as error:
            self._sizes = range(self._end, max(self._sizes.stop, self._end + len(self._pending) + 1))
            raise unwritable(self._path, error) from None
        self._end += len(self._pending)
        self._sizes = range(self._end, self._end + 1)
        self._pending = b""


def read_journal(path: Path) -> list[Record]:
    """Read all records; a partial last line is skipped.

    Raises:
        CheckpointError: if the journal cannot be read, or a line in its middle is not a record.
    """
    return _read(path)[0]


def read_in_brief(path: Path) -> list[Record]:
    """Read all records, of evaluations that follow one another only some, the last among them; errors as `read_journal`."""
    with _reading(path), path.open("rb") as file, collecting_no_garbage():
        return gathered(last_of_each(read_records(file)), path.stat().st_size)[0]


def iterate_journal(path: Path) -> Iterator[Record]:
    """Read one record after another, evaluations some thousands at a time: for who keeps few; errors as `read_journal`."""
    with _reading(path), path.open("rb") as file:
        for one, _ in read_records(file):
            yield Evaluations.of(one) if isinstance(one, dict) else one


def read_lines(path: Path) -> Iterator[tuple[bytes, Record]]:
    """Read one record after another, each with its line, or lines of evaluations; with the errors of `read_journal`."""
    start = 0
    with _reading(path), path.open("rb") as file, path.open("rb") as again:
        for one, end in read_records(file):
            yield again.read(end - start), Evaluations.of(one) if isinstance(one, dict) else one
            start = end


def lines_until(lines: bytes, step: int) -> bytes:
    """Cut lines of evaluations after a step."""
    return b"".join(
        line if whole.step == some.step else journal_line(some)
        for line in lines.splitlines(keepends=True)
        for whole in [RECORD.validate_json(line)]
        for some in until([whole], step)
    )


def journal_line(record: Record) -> bytes:
    """Return the line of a record, with the time of now."""
    moment = datetime.now(UTC).isoformat(timespec="milliseconds")  # for readers of the file; never parsed
    return b'{"time":"%s",%s\n' % (moment.encode(), escaped_text(record.model_dump_json(exclude_none=True)).encode()[1:])


def reached_step(records: Iterable[Record]) -> int:
    """Return the last step of which a journal tells."""
    return max((record.step for record in records), default=0)


@dataclass(frozen=True)
class Rewound:
    """A journal up to its last checkpoint."""

    records: tuple[Record, ...]
    checkpoint: Checkpointed | None
    end: int  # byte at which the line of the checkpoint ends, or of inspections right after it


def rewind_journal(path: Path) -> Rewound:
    """Read the journal up to the last checkpoint whose file exists.

    Raises:
        CheckpointError: if the journal cannot be read, or has lost what led to the checkpoints that are there.
    """
    records, ends = _read(path)
    for number in range(len(records), 0, -1):
        record = records[number - 1]
        if isinstance(record, Checkpointed) and (path.parent / "checkpoints" / record.file).exists():
            while number < len(records) and isinstance(records[number], Inspected):
                number += 1  # finished after the checkpoint was written, but of steps before it
            return Rewound(_kept(records, number), record, ends[number - 1])
    refuse_lost(path, n_records=len(records))
    return Rewound((), None, 0)


def _kept(records: list[Record], n: int) -> tuple[Record, ...]:
    """Return the first records; what comes next takes the place of the others."""
    kept = tuple(records[:n])
    last = next((record for record in reversed(kept) if isinstance(record, Evaluations)), None)
    if last is not None and last.table is not None:
        last.table.n_taken = last.first + len(last)
    return kept


def refuse_lost(path: Path, n_records: int) -> None:
    """Refuse a journal that names no checkpoint and lies beside some.

    Raises:
        CheckpointError: unless it is that of a run which was killed before the journal named the first one.
    """
    saved = checkpoint_sizes(path.parent / "checkpoints")
    if saved and not (n_records and len(saved) == 1):
        raise CheckpointError(
            f"{path} is empty or damaged, but there are checkpoints up to step {max(saved):,}: "
            "restore it from a backup, or start a new run"
        )


@contextmanager
def collecting_no_garbage() -> Iterator[None]:
    """Keep Python from looking for garbage among many new objects again and again, which takes longer than making them."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _read(path: Path) -> tuple[list[Record], list[int]]:
    """Return the records, and the byte at which the line, or lines, of each end."""
    with _reading(path), path.open("rb") as file, collecting_no_garbage():
        return gathered(read_records(file), path.stat().st_size)


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say in a line why a journal cannot be read."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(gone(path.parent) or f"{path} cannot be read: {error.strerror}") from None
    except DamagedError as error:
        raise CheckpointError(f"{path}, line {error.number}, is not a record: the journal was edited or damaged") from None
