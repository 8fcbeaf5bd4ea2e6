import errno
import os
from pathlib import Path

import pytest

from grokterm.runs.storage.durable import write_durably
from tests.runs.failing import failing_once, write_with_room_for


def test_what_is_written_is_read_back_and_nothing_else_stays(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"older")
    write_durably(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
def test_a_refused_write_leaves_the_older_file_whole_and_no_draft(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_durably(tmp_path / "file", b"older")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_once(getattr(os, call)))
        with pytest.raises(OSError, match="No space left"):
            write_durably(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_disk_that_fills_up_within_the_file_leaves_the_older_one_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_durably(tmp_path / "file", b"older")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_with_room_for(2))
        with pytest.raises(OSError, match="No space left"):
            write_durably(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"older"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("call", ["open", "fsync"])
def test_a_directory_that_cannot_be_synced_leaves_a_whole_file(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_durably(tmp_path / "file", b"older")
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_once(getattr(os, call), at=2))
        with pytest.raises(OSError, match="No space left"):
            write_durably(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"newer"


@pytest.mark.parametrize(
    ("call", "number"), [("open", errno.EACCES), ("fsync", errno.EINVAL)], ids=["Windows", "a network disk"]
)
def test_a_system_that_syncs_no_directories_writes_all_the_same(
    call: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, call, failing_once(getattr(os, call), at=2, number=number))
        write_durably(tmp_path / "file", b"newer")
        assert (tmp_path / "file").read_bytes() == b"newer"
