"""A table by column, as the content of a CSV file and of a Parquet file."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any, Literal, NamedTuple

Kind = Literal["bool", "int", "float", "text"]


class Column(NamedTuple):
    """A column of a table, None where a row has no value."""

    kind: Kind
    values: Sequence[Any]


def csv_of(columns: Mapping[str, Column]) -> bytes:
    """Write a table as CSV: nothing where there is no value."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(zip(*(column.values for column in columns.values()), strict=True))
    return text.getvalue().encode()


def parquet_of(columns: Mapping[str, Column]) -> bytes:
    """Write a table as Parquet; pyarrow must be there."""
    import pyarrow as pa
    from pyarrow import parquet

    types = {"bool": pa.bool_(), "int": pa.int64(), "float": pa.float64(), "text": pa.string()}
    table = pa.table({name: pa.array(column.values, types[column.kind]) for name, column in columns.items()})
    sink = pa.BufferOutputStream()
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())
