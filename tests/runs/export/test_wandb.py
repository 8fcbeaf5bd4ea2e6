"""An offline run of Weights & Biases, read by the messages that it is made of. Nothing is sent."""

import json
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.runs.export.source import Source
from grokterm.runs.export.table import FORMATS
from tests.runs.records import journaled

pytest.importorskip("wandb", reason="needs wandb")


BLOCK, HEADER = 32_768, struct.Struct("<IHB")  # of a log of LevelDB: checksum, length and kind of a piece
WHOLE, LAST = 1, 4


def records_of(content: bytes) -> Iterator[bytes]:
    """Put the records of an offline run together, which may lie in pieces."""
    assert content[:4] == b":W&B"
    place, record = 7, b""
    while place < len(content):
        if BLOCK - place % BLOCK < HEADER.size:
            place += BLOCK - place % BLOCK
            continue
        _, n_bytes, kind = HEADER.unpack_from(content, place)
        place += HEADER.size + n_bytes
        record += content[place - n_bytes : place]
        if kind in (WHOLE, LAST):
            yield record
            record = b""


def rows_of(folder: Path) -> tuple[dict[str, object], list[dict[str, object]]]:
    """The settings and the rows of the one offline run in a folder."""
    from wandb.proto import wandb_internal_pb2

    (file,) = folder.glob("wandb/offline-run-*/run-*.wandb")
    config, rows = {}, []
    for data in records_of(file.read_bytes()):
        record = wandb_internal_pb2.Record()
        record.ParseFromString(data)
        if record.WhichOneof("record_type") == "run":
            config = {item.key: json.loads(item.value_json) for item in record.run.config.update}
        if record.WhichOneof("record_type") == "history":
            items = record.history.item
            rows.append({item.key or item.nested_key[0]: json.loads(item.value_json) for item in items})
    return config, rows


def test_rows_are_what_was_measured(swapped: Source, tmp_path: Path) -> None:
    FORMATS["wandb"].write(swapped, tmp_path / "x")
    config, rows = rows_of(tmp_path / "x")
    assert config["task"] == json.loads(json.dumps(swapped.run.experiment.settings()["task"]))
    records = [one for one in journaled(swapped.run.journal) if isinstance(one, Evaluated)]
    read = [(row["step"], row["train_loss"]) for row in rows if "train_loss" in row]
    assert read == [(one.step, pytest.approx(one.train_loss)) for one in records]
    assert [row["events/intervention"] for row in rows if "events/intervention" in row] == [
        "swap to 30 %",
        "set learning_rate 0.001",
    ]
    assert sum("ipr" in row for row in rows) >= 4


def test_metrics_of_members_begin_with_their_seeds(ensemble: Source, tmp_path: Path) -> None:
    FORMATS["wandb"].write(ensemble, tmp_path / "x")
    _, rows = rows_of(tmp_path / "x")
    assert {name for row in rows for name in row if name.endswith("/val_loss")} == {"seed-3/val_loss", "seed-4/val_loss"}
