"""A quick reading of journals: only the lines that a summary depends on, a growing journal from where it was read up to."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from pydantic import ValidationError
from pydantic_core import from_json

from grokterm.errors import CheckpointError
from grokterm.experiment.recording.evaluations import Evaluations
from grokterm.experiment.recording.packing import rows_of
from grokterm.experiment.recording.records import RECORD, Record
from grokterm.runs.journal_lines import PREFIX, is_whole

MARK = 64  # bytes at the beginning of the last line, with its time, by which a journal is recognized that has only grown

# Records of which the last one says all; evaluations also have a highest loss. Of every other kind all are kept.
EVALUATED = (b"evaluated", b"evaluations")
ONLY_LAST = (*EVALUATED, b"inspected", b"checkpointed", b"skipped", b"continued", b"paused")


@dataclass
class Skim:
    """The lines of a journal that its summary depends on, up to a byte."""

    end: int = 0
    """Bytes that were read: whole lines."""

    n_lines: int = 0
    last: int = 0
    """Byte at which the last of them begins."""

    mark: str = ""
    """How it begins."""

    peak: float | None = None
    """The highest loss of validation."""

    kept: dict[str, tuple[int, str]] = field(default_factory=dict)
    """Number and text of each line, the last one of a kind under its name."""

    @classmethod
    def of(cls, journal: Path, before: Self | None = None) -> Self:
        """Read a journal, on from where it was read before unless it was truncated or replaced since.

        Raises:
            CheckpointError: if it cannot be read, or a line is seen to be no record.
        """
        try:
            with journal.open("rb") as file:
                skim = before if before is not None and before._is_beginning_of(file) else cls()
                file.seek(skim.end)
                skim._read(file)
        except OSError as error:
            raise CheckpointError(f"{journal} cannot be read: {error.strerror}") from None
        return skim

    def records(self, journal: Path) -> list[Record]:
        """Parse the lines that were kept; the last line of the journal is skipped if it is no record.

        Raises:
            CheckpointError: if another one is not.
        """
        return list(self._parsed(journal))

    def _parsed(self, journal: Path) -> Iterator[Record]:
        # One that has the peak and is the last is kept twice.
        lines = sorted(self.kept.items(), key=lambda one: (one[1][0], one[0] != "peak"))
        for number, line in dict.fromkeys((number, line) for _, (number, line) in lines):
            try:
                yield RECORD.validate_json(line)
            except ValidationError:
                if number < self.n_lines:
                    raise _damaged(journal, number) from None

    def _is_beginning_of(self, file: BinaryIO) -> bool:
        file.seek(self.last)
        seen = file.read(self.end - self.last)
        return seen.startswith(self.mark.encode("latin-1")) and seen.endswith(b"\n") == bool(self.end)

    def _read(self, file: BinaryIO) -> None:
        last: dict[bytes, tuple[int, bytes]] = {}
        mark = self.mark.encode("latin-1")
        for line in file:
            if not is_whole(line):
                break  # partial, even if it is valid JSON
            self.n_lines += 1
            self.last, mark = self.end, line
            self.end += len(line)
            start = line.find(b'"record":"', 0, PREFIX) + 10
            kind = line[start : line.find(b'"', start)]
            if start < 10 or not line.startswith(b'{"') or not line.endswith(b"}\n"):
                self.kept.setdefault("doubtful", (self.n_lines, _text(line)))
            elif kind not in ONLY_LAST:
                self.kept[str(self.n_lines)] = self.n_lines, _text(line)
            else:
                last[b"evaluated" if kind in EVALUATED else kind] = self.n_lines, line
                if kind == b"evaluated":
                    self._compare(line)
                elif kind == b"evaluations":
                    self._compare_many(line)
        self.kept |= {kind.decode(): (number, _text(_row(one, -1))) for kind, (number, one) in last.items()}
        self.mark = mark[:MARK].decode("latin-1")

    def _compare(self, line: bytes) -> None:
        """Keep the evaluation with the highest loss of validation."""
        start = line.find(b'"val_loss":') + 11
        if start < 11:
            return
        try:
            value = float(line[start : line.find(b",", start)].strip(b'"'))
        except ValueError:
            return  # not as it is written here
        if self.peak is None or value > self.peak:
            self.peak = value
            self.kept["peak"] = self.n_lines, _text(line)

    def _compare_many(self, line: bytes) -> None:
        start = line.find(b'"val_loss":[') + 11
        if start < 11:
            return
        try:
            values = np.array(from_json(line[start : line.find(b"]", start) + 1]), np.float64)
        except (ValueError, TypeError):
            return  # not as it is written here
        highest = int(np.where(np.isnan(values), -np.inf, values).argmax()) if len(values) else 0
        for row in dict.fromkeys((0, highest)) if len(values) else ():
            if self.peak is None or values[row] > self.peak:
                self.peak = float(values[row])
                self.kept["peak"] = self.n_lines, _text(_row(line, row))


def _row(line: bytes, number: int) -> bytes:
    """Return one of the evaluations of a line by itself; other lines, and damaged ones, as they are."""
    if b'"record":"evaluations"' not in line[:PREFIX]:
        return line
    try:
        record = RECORD.validate_json(line)
    except ValidationError:
        return line
    if not isinstance(record, Evaluations):  # it names its kind twice
        return line
    row = next(rows_of(record, [number % len(record)]))
    return row.model_dump_json(exclude_none=True).encode() + b"\n"


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _damaged(journal: Path, number: int) -> CheckpointError:
    return CheckpointError(f"{journal}, line {number}, is not a record: the journal was edited or damaged")
