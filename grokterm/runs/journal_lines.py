"""The lines of a journal, parsed: those of evaluations together, which are most."""

from collections.abc import Iterator, Sequence
from io import SEEK_END
from itertools import accumulate, chain, groupby
from typing import Any, BinaryIO

import numpy as np
from pydantic import ValidationError
from pydantic_core import from_json

from grokterm.experiment.metrics import METRICS_IN_ORDER
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.evaluations import REQUIRED, Column, Evaluations, columns_of
from grokterm.experiment.recording.packing import Parsed, columns_of_rows
from grokterm.experiment.recording.records import RECORD

PREFIX = 160  # bytes at the beginning of a line in which its kind is found
PIECE = 2**19  # bytes that are parsed together
CHECKPOINTED = b'"record":"checkpointed"'
HOLE = b"\0"
"""What no line has: pages that a power cut has kept from the disk are read as these, while later ones may be there."""


class DamagedError(Exception):
    """A line is no record."""

    def __init__(self, number: int) -> None:
        super().__init__(f"line {number} is no record")
        self.number = number  # the first line has 1


def read_records(file: BinaryIO) -> Iterator[tuple[Parsed, int]]:
    """Parse the lines from here on; yield what they say, and how many bytes end with it.

    The last line is skipped if it is partial, even if it is valid JSON, or no record; so is all that comes after a hole, which
    was not synced yet.

    Raises:
        DamagedError: if another line is no record, or a hole comes before two checkpoints: with the first it was synced.
    """
    start, n_lines, n_bytes = file.tell(), 0, 0
    for lines in _pieces(file):
        ends = list(accumulate(map(len, lines), initial=n_bytes))[1:]
        try:
            found = _together(lines)
        except (ValueError, TypeError, KeyError):  # a line by itself is read as it always was, or tells what is wrong
            found = ((1, line) for line in lines)
        number = 0
        for n, one in found:
            number += n
            try:
                yield _alone(one) if isinstance(one, bytes) else one, ends[number - 1]
            except ValidationError:
                if start + ends[number - 1] < file.seek(0, SEEK_END):
                    raise DamagedError(n_lines + number) from None
                return
        n_lines, n_bytes = n_lines + len(lines), ends[-1]


def _pieces(file: BinaryIO) -> Iterator[list[bytes]]:
    """Yield lines one by one, but those of evaluations that follow one another together."""
    lines, n_bytes = list[bytes](), 0
    for number, line in enumerate(file, start=1):
        if not is_whole(line):
            if sum(CHECKPOINTED in later[:PREFIX] for later in file) > 1:
                raise DamagedError(number)
            break
        is_evaluated = line.startswith(b"{") and line.endswith(b"}\n") and line.find(b'"record":"evaluat', 0, PREFIX) > 0
        if lines and (not is_evaluated or n_bytes > PIECE):
            yield lines
            lines, n_bytes = [], 0
        if is_evaluated:
            lines.append(line)
            n_bytes += len(line)
        else:
            yield [line]
    if lines:
        yield lines


def is_whole(line: bytes) -> bool:
    """Whether a line has come to the disk, as far as can be seen."""
    return line.endswith(b"\n") and HOLE not in line


def _together(lines: Sequence[bytes]) -> Iterator[tuple[int, bytes | dict[str, Column]]]:
    """Parse lines that say the same of evaluations of one network; return columns, and of how many lines they are.

    Raises:
        ValueError, TypeError, KeyError: if that is not what they are.
    """
    joined = b",".join(lines)
    if b'"record":"evaluat' not in lines[0][:PREFIX] or b'"members":' in lines[0] or b"null" in joined:
        raise ValueError
    rows: list[dict[str, Any]] = from_json(b"[%b]" % joined, cache_strings="keys")
    if len(rows) != len(lines) or any("members" in row for row in rows):
        raise ValueError
    return iter([_columns(list(some)) for _, some in groupby(rows, lambda row: (row["record"], *row))])


def _columns(rows: Sequence[dict[str, Any]]) -> tuple[int, dict[str, Column]]:
    names = [*REQUIRED, *(name for name in METRICS_IN_ORDER if name in rows[0] and name not in REQUIRED)]
    is_packed, precision = rows[0]["record"] == "evaluations", {row.get("precision") for row in rows}
    if is_packed:
        for row in rows:
            if {type(row[name]) for name in names} != {list} or len({len(row[name]) for name in names}) > 1:
                raise ValueError
        lists = {name: list(chain.from_iterable(row[name] for row in rows)) for name in names}
    else:
        lists = {name: [row[name] for row in rows] for name in names}
    columns = columns_of(lists, is_single=is_packed and precision == {"single"})
    if (np.diff(columns["step"]) < 0).any():
        raise ValueError
    return len(rows), columns


def _alone(line: bytes) -> Parsed:
    record = RECORD.validate_json(line)
    if isinstance(record, Evaluations):
        return dict(record.columns)
    return columns_of_rows([record]) if isinstance(record, Evaluated) and record.members is None else record
