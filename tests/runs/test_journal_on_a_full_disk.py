import os
from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.runs.journal import JournalWriter
from tests.runs.failing import failing_once, write_with_room_for
from tests.runs.records import evaluated, journaled, started


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with one line in it."""
    path = tmp_path / "journal.jsonl"
    path.touch()
    JournalWriter(path).write([started()])
    return path


@pytest.mark.parametrize("call", ["truncate", "open", "write"])
def test_a_refused_line_is_written_with_the_next(call: str, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(journal, journal.stat().st_size)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_once(getattr(os, call)))
        with pytest.raises(StorageError, match=r"^.*journal.jsonl cannot be written: No space left on device: make room$"):
            writer.write([evaluated(0)])
    assert journaled(journal) == [started()]
    writer.write([evaluated(1)])
    assert journaled(journal) == [started(), evaluated(0), evaluated(1)]


@pytest.mark.parametrize("n_bytes", [0, 1, 80, 150])
def test_a_half_written_line_is_repaired_by_the_next(n_bytes: int, journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer_end = journal.stat().st_size
    writer = JournalWriter(journal, writer_end)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_with_room_for(n_bytes))
        with pytest.raises(StorageError, match="No space left"):
            writer.write([evaluated(0), evaluated(1)])
    assert journal.stat().st_size == writer_end + n_bytes
    writer.write([])
    assert journaled(journal) == [started(), evaluated(0), evaluated(1)]


def test_what_a_full_disk_refuses_again_and_again_is_kept_in_order(journal: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = JournalWriter(journal, journal.stat().st_size)
    for step in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing_once(os.write))
            with pytest.raises(StorageError, match="No space left"):
                writer.write([evaluated(step)])
    writer.write([evaluated(3)])
    assert journaled(journal) == [started(), *(evaluated(step) for step in range(4))]
