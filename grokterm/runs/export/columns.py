"""A table by column, as the content of a CSV file and of a Parquet file."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from io import StringIO
from typing import Any, Literal, NamedTuple

from grokterm.plots.sanitize import plain_text

Kind = Literal["bool", "int", "float", "text"]


class Column(NamedTuple):
    """A column of a table, None where a row has no value."""

    kind: Kind
    values: Sequence[Any]


def csv_of(columns: Mapping[str, Column]) -> bytes:
    """Write a table as CSV: nothing where there is no value, and of a text what can be seen of it."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(plain_text, columns))
    writer.writerows(zip(*map(_seen, columns.values()), strict=True))
    return text.getvalue().encode()


def _seen(column: Column) -> Iterable[Any]:
    return (plain_text(one) if one else one for one in column.values) if column.kind == "text" else column.values


def parquet_of(columns: Mapping[str, Column]) -> bytes:
    """Write a table as Parquet; pyarrow must be there."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    table = pa.table({name: pa.array(column.values, types[column.kind]) for name, column in columns.items()})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())
