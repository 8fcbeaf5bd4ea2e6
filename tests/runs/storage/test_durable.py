import errno
import os
import re
from pathlib import Path

import pytest

from grokterm.runs.storage import durable
from grokterm.runs.storage.durable import create, draft_of, drop_drafts, write_durably, write_folder
from tests.runs.failing import failing_once, write_with_room_for


def test_what_is_written_is_read_back_and_nothing_else_stays(tmp_path: Path) -> None:
    write_durably(tmp_path / "file", b"older")
    write_durably(tmp_path / "file", b"newer")
    assert (tmp_path / "file").read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_parts_are_written_in_their_order_however_large_they_are(tmp_path: Path) -> None:
    parts = [b"a" * (durable.PIECE - 1), b"b" * 2 * durable.PIECE, b"c", b""]
    write_durably(tmp_path / "file", iter(parts))
    assert (tmp_path / "file").read_bytes() == b"".join(parts)


def test_a_file_that_only_one_can_create_is_not_there_where_the_disk_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_with_room_for(2))
        with pytest.raises(OSError, match="No space left"):
            create(tmp_path / "file", b"mine")
    assert create(tmp_path / "file", b"mine")
    assert not create(tmp_path / "file", b"yours")
    assert (tmp_path / "file").read_bytes() == b"mine"


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


def test_a_disk_that_fills_up_within_a_folder_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_with_room_for(2))
        with pytest.raises(OSError, match="No space left"):
            write_folder(tmp_path / "folder", {"first": b"1", "files/second": b"23"}, inner=["empty"])
    assert not list(tmp_path.iterdir())


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


def test_drafts_that_killed_processes_have_left_go_and_nothing_else(tmp_path: Path) -> None:
    old, new, folder = (draft_of(tmp_path / name) for name in ("old", "new", "folder"))
    for path in (old, new, tmp_path / ".mine.tmp", tmp_path / "old.0123abcd.tmp"):
        path.touch()
    (folder / "inner").mkdir(parents=True)
    for path in tmp_path.iterdir():
        if path != new:
            os.utime(path, (0, 0))
    drop_drafts(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {new.name, ".mine.tmp", "old.0123abcd.tmp"}
    drop_drafts(tmp_path, "ne", age=0)
    assert new.exists()
    drop_drafts(tmp_path, "new", age=0)
    assert not new.exists()


def test_two_that_write_the_same_file_at_once_leave_one_of_both_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sync, path = os.fsync, tmp_path / "file"

    def while_another_writes(file: int) -> None:
        monkeypatch.setattr(os, "fsync", sync)
        write_durably(path, b"another, which is longer")
        sync(file)

    monkeypatch.setattr(os, "fsync", while_another_writes)
    write_durably(path, b"one")
    assert path.read_bytes() == b"one"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


ELSEWHERE = {
    "runs/storage/durable.py": "which is the one",
    "runs/storage/disk.py": "tries how quick the disk is",
    "session/detached.py": "what a process says, as it comes",
    "session/remote/address.py": "sockets, which are of no use to a later process",
    "session/remote/server.py": "sockets, which are of no use to a later process",
    "sweeps/storage/parcel.py": "a temporary folder of its own",
    "tui/graphics/asking.py": "no disk",
    "sweeps/engines/local.py": "what workers say, as it comes",
    "sweeps/engines/ray.py": "a mark for as long as the process lives",
    "sweeps/engines/slurm.py": "a mark for as long as the process lives",
    "runs/export/": "what is made for other tools, and can be made again",
    "runs/listing/file.py": "an index that can be made again",
    "bench/memory.py": "no disk",
    "cli/console.py": "no disk",
    "cli/figures.py": "pictures, which can be drawn again",
}
"""What else changes files, and why it may."""

CHANGES = re.compile(
    r"\.(write_text|write_bytes|unlink|rmdir|mkdir|touch|symlink_to)\(|shutil\.(rmtree|move|copy)|os\.(truncate|remove|rmdir|makedirs)\("
    r"|\.open\(\"[wax]|\.rename\((?!columns)|os\.(open|write|fsync|replace|rename|link|utime)\("
)


def test_nothing_else_changes_files() -> None:
    root = Path(durable.__file__).parents[2]
    found = {path.relative_to(root).as_posix() for path in root.rglob("*.py") if CHANGES.search(path.read_text("utf-8"))}
    assert not [path for path in found if not path.startswith(tuple(ELSEWHERE))]
