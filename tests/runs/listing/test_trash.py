import errno
import os
from pathlib import Path

import pytest

from grokterm.errors import ConfigError, RunNotFoundError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import JournalWriter
from grokterm.runs.listing.trash import move_to_trash, purge, restore, trashed
from grokterm.runs.lock import RunLock
from grokterm.runs.owner import this_process
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import list_runs
from tests.runs.failing import failing_once
from tests.runs.records import finished, started


def make(folder: Path, content: str = "") -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "experiment.toml").write_text(content)
    return folder


def test_a_deleted_run_is_no_longer_listed_and_can_be_restored(tmp_path: Path) -> None:
    run = make(tmp_path / "mine", "x")
    move_to_trash(run)
    assert (list_runs(tmp_path), trashed(tmp_path)) == ([], ["mine"])
    assert restore(tmp_path, "mine") == run
    assert (run / "experiment.toml").read_text() == "x"
    assert trashed(tmp_path) == []


def test_two_deleted_runs_of_one_name_are_both_kept(tmp_path: Path) -> None:
    for content in ("first", "second"):
        move_to_trash(make(tmp_path / "mine", content))
    assert trashed(tmp_path) == ["mine", "mine-2"]
    assert (restore(tmp_path, "mine-2") / "experiment.toml").read_text() == "second"


def test_a_deleted_run_is_named_by_a_beginning_or_as_the_newest(tmp_path: Path) -> None:
    for age, name in enumerate(("quick-20300102-030405", "quick-ungrok-20300102-030405", "liu-1", "liu-2")):
        run = make(tmp_path / name)
        os.utime(run, (1e9 - age, 1e9 - age))
        move_to_trash(run)
    with pytest.raises(RunNotFoundError, match=r"^2 runs are called liu-...: liu-1, liu-2: write more"):
        restore(tmp_path, "liu-")
    assert restore(tmp_path, "-").name == "quick-20300102-030405"
    assert restore(tmp_path, "qu").name == "quick-ungrok-20300102-030405"


def test_a_run_is_not_restored_over_another_one(tmp_path: Path) -> None:
    move_to_trash(make(tmp_path / "mine"))
    make(tmp_path / "mine", "new")
    with pytest.raises(ConfigError, match="a run called mine again"):
        restore(tmp_path, "mine")


def test_what_is_not_in_the_trash_is_not_restored(tmp_path: Path) -> None:
    for name in ("mine", "-"):
        with pytest.raises(RunNotFoundError, match="is in the trash, which is empty"):
            restore(tmp_path, name)
    make(tmp_path / "outside")
    move_to_trash(make(tmp_path / "mine"))
    for name in ("../outside", "", "."):
        with pytest.raises(RunNotFoundError, match="it holds mine"):
            restore(tmp_path, name)
    with pytest.raises(RunNotFoundError, match=r"did you mean 'mine'\?"):
        restore(tmp_path, "mien")


def test_a_run_that_trains_is_not_deleted(tiny: Experiment, tmp_path: Path) -> None:
    run = create_run(tmp_path, tiny, "tiny", {})
    JournalWriter(run.journal).write([started(owner=this_process())])
    with pytest.raises(StorageError, match=rf"run {run.name} is trained by process {os.getpid()}: end it first"):
        move_to_trash(run.path)
    JournalWriter(run.journal, run.journal.stat().st_size).write([finished(0)])
    lock = RunLock(run.path)
    lock.take()
    with pytest.raises(StorageError, match=f"run {run.name} is trained by process {os.getpid()}: "):
        move_to_trash(run.path)
    lock.give_back()
    move_to_trash(run.path)
    assert trashed(tmp_path) == [run.name]


def test_emptying_the_trash_says_how_much_it_frees_and_follows_no_link(tmp_path: Path) -> None:
    outside = make(tmp_path / "elsewhere" / "kept", "x" * 99)
    run = make(tmp_path / "runs" / "mine", "x" * 1000)
    (run / "link").symlink_to(outside)
    (linked := tmp_path / "runs" / "linked").symlink_to(outside)
    size = 1000 + len(str(outside))
    for path in (run, linked):
        move_to_trash(path)
    assert size <= purge(tmp_path / "runs") <= size + len(str(outside))
    assert trashed(tmp_path / "runs") == []
    assert (outside / "experiment.toml").read_text() == "x" * 99
    assert purge(tmp_path / "runs") == 0


def test_a_trash_that_is_none_is_told_of_in_a_line(tmp_path: Path) -> None:
    (tmp_path / ".trash").touch()
    with pytest.raises(StorageError, match=r"mine cannot be moved to .*/\.trash: File exists"):
        move_to_trash(make(tmp_path / "mine"))
    with pytest.raises(StorageError, match=r"/\.trash cannot be read: Not a directory"):
        trashed(tmp_path)


def test_a_disk_that_refuses_leaves_what_is_in_the_trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    move_to_trash(make(tmp_path / "mine"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", failing_once(os.rename, number=errno.EROFS))
        with pytest.raises(StorageError, match="mine cannot be restored: Read-only file system"):
            restore(tmp_path, "mine")
        patch.setattr(os, "rename", failing_once(os.rename, number=errno.EROFS))
        with pytest.raises(StorageError, match="mine cannot be removed: Read-only file system"):
            purge(tmp_path)
    assert (restore(tmp_path, "mine") / "experiment.toml").is_file()
