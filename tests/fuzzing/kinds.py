"""Every kind of file, and of line from a socket, that grokterm reads: good ones, and what reads them."""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from grokterm.runs.listing.file import IndexFile
from grokterm.sweeps.storage.lease import Claim
from grokterm.tasks.split_file import read_split
from grokterm.tasks.tables import read_table
from tests.fuzzing import readers
from tests.fuzzing.good import (
    CHECKPOINT,
    EXPERIMENT,
    HEARD,
    HELD,
    JOURNAL,
    JOURNAL_PACKED,
    META,
    NEEDING,
    ODD,
    OWNER,
    PICTURED,
    PREFERENCES,
    PRESETS,
    RESULT,
    SAID,
    SWEPT,
    TINY,
    WEIGHTS,
    numpy_bytes,
)
from tests.fuzzing.mutation import Format
from tests.fuzzing.readers import Reader


@dataclass(frozen=True)
class Kind:
    """Files of one kind."""

    form: Format
    good: tuple[bytes, ...]
    read: Reader


def _good_index() -> tuple[bytes, bytes]:
    """Return an index of one run, and its row."""
    with TemporaryDirectory() as folder:
        content = readers.indexed(Path(folder))
        with closing(sqlite3.connect(IndexFile.of(Path(folder)).path)) as database:
            ((entry,),) = database.execute("SELECT entry FROM runs")
    return content, entry.encode()


INDEX, ENTRY = _good_index()

KINDS: dict[str, Kind] = {
    "preset": Kind("toml", (TINY.encode(), (TINY + SWEPT).encode(), *PRESETS), readers.use_preset),
    "settings of a run": Kind("toml", (TINY.encode(),), readers.use_settings),
    "meta of a run": Kind("json", (META, NEEDING), readers.use_meta),
    "notes": Kind("json", (b'{"is_pinned": true, "tags": ["a", "b"], "note": "written"}',), readers.use_annotations),
    "journal": Kind("json", (JOURNAL,), readers.use_journal),
    "journal, packed": Kind("json", (JOURNAL_PACKED,), readers.use_journal),
    "journal, listed": Kind("json", (JOURNAL, JOURNAL_PACKED), readers.use_listed),
    "journal, followed": Kind("json", (JOURNAL, JOURNAL_PACKED), readers.use_followed),
    "checkpoint": Kind("safetensors", (CHECKPOINT, ODD), readers.use_checkpoint),
    "checkpoint, restored": Kind("safetensors", (CHECKPOINT,), readers.use_restored),
    "starting weights": Kind("safetensors", (WEIGHTS, CHECKPOINT), readers.use_starting_weights),
    "index": Kind("csv", (INDEX,), readers.use_index_file),
    "index, a row": Kind("json", (ENTRY,), readers.use_index),
    "preferences": Kind("toml", (PREFERENCES,), readers.use_preferences),
    "sweep.toml": Kind("toml", ((TINY + SWEPT).encode(),), readers.use_sweep),
    "meta of a sweep": Kind("json", (b'{"preset": "tiny", "created": "2026-01-01T00:00:00+00:00"}',), readers.use_sweep_meta),
    "result of a member": Kind("json", (RESULT,), readers.use_result),
    "lease": Kind("json", (Claim(**OWNER, nonce="00").model_dump_json().encode(),), readers.use_lease),
    "holder of a run": Kind("json", (HELD,), readers.use_holder),
    "mixture of a part": Kind(
        "json", (json.dumps({"settings": EXPERIMENT.settings(), "preset": "p", "name": "n"}).encode(),), readers.use_whole
    ),
    "lines of a socket": Kind("json", (SAID,), readers.use_lines),
    "what a viewer hears": Kind("json", (*HEARD, PICTURED), readers.use_heard),
    "split file": Kind(
        "csv", (b"a,b,side\n0,1,train\n1,1,val\n2,3,train\n",), readers.valued(lambda content: read_split(content, 2, 5))
    ),
    "table, CSV": Kind("csv", (b"0,1,2\n1,2,0\n2,0,-1\n",), readers.valued(lambda content: read_table(content, ".csv"))),
    "table, npy": Kind(
        "npy",
        tuple(numpy_bytes(np.ones((3, 3), kind)) for kind in ("int64", "uint8", ">i2")),
        readers.valued(lambda content: read_table(content, ".npy")),
    ),
}
