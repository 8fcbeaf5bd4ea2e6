from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.experiment.recording.records import Continued, Paused
from grokterm.runs.journal import JournalWriter, read_journal


def test_a_journal_that_another_process_writes_to_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"")
    first, second = JournalWriter(path), JournalWriter(path)
    first.write([Paused(step=1)])
    for writer, record in ((second, Continued(step=2)), (first, Continued(step=3))):
        if writer is second:
            with pytest.raises(StorageError, match="was written by another process"):
                writer.write([record])
        else:
            writer.write([record])
    assert [record.step for record in read_journal(path)] == [1, 3]
    assert b"\0" not in path.read_bytes()


def test_a_run_whose_journal_was_cut_by_another_is_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(b"")
    writer = JournalWriter(path)
    writer.write([Paused(step=1), Continued(step=1)])
    path.write_bytes(b"")
    with pytest.raises(StorageError, match="was written by another process"):
        writer.write([Paused(step=2)])
    assert path.read_bytes() == b""
