"""What a folder of runs lies on."""

from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.runs.lock import RunLock
from grokterm.runs.storage.disk import describe_folder, filesystem


def test_a_folder_is_tried_where_it_would_be_made_and_nothing_is_left(tmp_path: Path) -> None:
    found = describe_folder(tmp_path / "not" / "yet")
    assert (found["exists"], found["locks"], found["problem"]) == (False, True, "")
    assert found["free_bytes"] > 0
    assert found["write_bytes_per_second"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (file := tmp_path / "file").touch()
    for folder in (file, file / "below"):
        assert describe_folder(folder)["problem"] == f"{file} is a file, not a folder"


def test_a_disk_that_cannot_lock_or_be_written_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: RunLock) -> None:
        raise StorageError("runs/x: no locks here")

    monkeypatch.setattr(RunLock, "take", refuse)
    found = describe_folder(tmp_path)
    assert (found["locks"], found["problem"]) == (False, "no locks here")
    monkeypatch.setattr(
        "grokterm.runs.storage.disk.TemporaryDirectory", lambda **_: (_ for _ in ()).throw(OSError(30, "Read-only"))
    )
    found = describe_folder(tmp_path)
    assert (found["locks"], found["problem"]) == (None, "Read-only")


def test_the_nearest_mount_says_what_the_file_system_is(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"a / ext4 rw 0 0\nb {tmp_path} nfs4 rw 0 0\n", encoding="utf-8")
    (tmp_path / "runs").mkdir()
    assert filesystem(tmp_path / "runs", mounts) == "nfs4"
    assert filesystem(Path("/"), mounts) == "ext4"
    assert filesystem(tmp_path, tmp_path / "none") is None
