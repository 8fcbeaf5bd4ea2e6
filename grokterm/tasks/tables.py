"""Tables of answers from a file: a row for each a, a column for each b."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Int64

from grokterm.tasks.equations import MOST_ELEMENTS, NO_ANSWER

ENDINGS = (".csv", ".npy")

# Magic, version, length of the header, and the header, which ends with a line break: numpy's format 1.0 and 2.0.
NPY = re.compile(
    rb"\x93NUMPY(?:\x01\x00[\0-\xff]{2}|\x02\x00[\0-\xff]{4})"
    rb"\{ *'descr': *'(?P<dtype>[<>|=]?[b-zA-Z]\d{0,3})', *'fortran_order': *(?P<by_column>True|False), *"
    rb"'shape': *\((?P<shape>[-\d, ]{0,99})\),? *\} *\n"
)


@dataclass(frozen=True)
class Table:
    """A table of answers; equal to every other of its hash."""

    name: str
    """The file's."""

    sha256: str
    answers: Int64[np.ndarray, "elements elements"] = field(compare=False, repr=False)
    """a ∘ b at row a and column b, or NO_ANSWER."""


def read_table(content: bytes, ending: str) -> Int64[np.ndarray, "elements elements"]:
    """Read a table of whole numbers; -1 or an empty cell of a .csv is a pair without an answer.

    There are as many elements as rows, columns or answers, whichever is most. The table is filled up to a square with pairs
    without an answer.

    Raises:
        ValueError: if it is no such table, or has more than MOST_ELEMENTS elements.
    """
    table = _from_npy(content) if ending == ".npy" else _from_csv(content)
    if table.max() == NO_ANSWER:
        raise ValueError("it has no answer")
    n_elements = max(*table.shape, int(table.max()) + 1, 2)
    square = np.full((n_elements, n_elements), NO_ANSWER, dtype=np.int64)
    square[: table.shape[0], : table.shape[1]] = table
    return square


def _from_csv(content: bytes) -> Int64[np.ndarray, "rows columns"]:
    try:
        text = content.decode("utf-8-sig").rstrip()
    except UnicodeDecodeError:
        raise ValueError("it is not a text in UTF-8") from None
    lines = text.split("\n", MOST_ELEMENTS)
    _check_size(len(lines), 1 + max(line.count(",") for line in lines[:MOST_ELEMENTS]))
    rows = [_cells(number, line) for number, line in enumerate(lines, start=1)]
    if odd := [number for number, row in enumerate(rows, start=1) if len(row) != len(rows[0])]:
        if blank := [number for number, line in enumerate(lines, start=1) if not line.strip()]:
            raise ValueError(f"line {blank[0]} is blank: write a row in each")
        raise ValueError(f"line {odd[0]} has {len(rows[odd[0] - 1])} cells, and line 1 has {len(rows[0])}")
    return np.array(rows, dtype=np.int64)


def _cells(number: int, line: str) -> list[int]:
    row = []
    for column, cell in enumerate(map(str.strip, line.split(",")), start=1):
        try:
            row.append(int(cell) if cell else NO_ANSWER)
        except ValueError:
            raise ValueError(f"line {number}, cell {column} must be a whole number, not {cell[:20]!r}") from None
    _check_answers(row)
    return row


def _from_npy(content: bytes) -> Int64[np.ndarray, "rows columns"]:
    """Read what numpy.save writes. Its own reader evaluates headers of any kind, and fails on some in many ways."""
    if (header := NPY.match(content)) is None:
        raise ValueError("it is not an array that numpy.save has written")
    try:
        shape = [int(number) for number in header["shape"].split(b",") if number.strip()]
        dtype = np.dtype(header["dtype"].decode())
    except (TypeError, ValueError):
        raise ValueError("it is not an array that numpy.save has written") from None
    if dtype.kind not in "iu" or len(shape) != 2:
        raise ValueError(f"it must be a matrix of whole numbers, not of {dtype} with {len(shape)} dimensions")
    _check_size(*shape)
    if len(content) - header.end() != shape[0] * shape[1] * dtype.itemsize:
        raise ValueError(f"it does not hold the {shape[0]} × {shape[1]} numbers that it declares")
    order: Literal["F", "C"] = "F" if header["by_column"] == b"True" else "C"
    numbers = np.frombuffer(content, dtype, offset=header.end()).reshape(shape, order=order)
    _check_answers([int(numbers.min()), int(numbers.max())])
    return numbers.astype(np.int64)


def _check_size(n_rows: int, n_columns: int) -> None:
    if not (0 < n_rows <= MOST_ELEMENTS and 0 < n_columns <= MOST_ELEMENTS):
        raise ValueError(f"it must have from 1 to {MOST_ELEMENTS} rows and columns")


def _check_answers(answers: Sequence[int]) -> None:
    if wrong := [answer for answer in answers if not NO_ANSWER <= answer < MOST_ELEMENTS]:
        raise ValueError(
            f"an answer must lie between 0 and {MOST_ELEMENTS - 1}, or be {NO_ANSWER} for none, not {str(wrong[0])[:20]}"
        )
