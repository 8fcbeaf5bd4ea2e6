"""A table by column, as a CSV file and as a Parquet file: in pieces, of which one at a time is in memory."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from itertools import chain
from typing import IO, Any, Literal, NamedTuple

from grokterm.plots.sanitize import plain_text

Kind = Literal["bool", "int", "float", "text"]


class Column(NamedTuple):
    """A column of a table, None where a row has no value."""

    kind: Kind
    values: Sequence[Any]


Piece = Mapping[str, Column]
"""Rows of a table that follow one another, of which all pieces have the same columns."""


def csv_of(pieces: Iterable[Piece]) -> Iterator[bytes]:
    """Write a table of at least one piece as CSV: nothing where there is no value, and of a text what can be seen of it."""
    head: Piece | None = None
    for piece in pieces:
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if head is None:
            writer.writerow(map(plain_text, head := piece))
        writer.writerows(zip(*map(_seen, piece.values()), strict=True))
        yield text.getvalue().encode()


def _seen(column: Column) -> Iterable[Any]:
    if column.kind != "text":
        return column.values
    seen = {one: plain_text(one) if one else one for one in {*column.values}}  # a name stands in many rows
    return map(seen.__getitem__, column.values)


def parquet_to(file: IO[bytes], pieces: Iterable[Piece]) -> None:
    """Write a table of at least one piece as Parquet, a row group each; pyarrow must be there."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    remaining = iter(pieces)
    first = next(remaining)
    schema = pa.schema({name: types[column.kind] for name, column in first.items()})
    with parquet.ParquetWriter(file, schema) as writer:
        for piece in chain([first], remaining):
            writer.write_table(pa.table({name: column.values for name, column in piece.items()}, schema=schema))
