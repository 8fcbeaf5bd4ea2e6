"""One process at a time writes to a run; the others are told which one."""

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.runs.lock import HOLDER, LOCK, MARKER, RunLock, holder_of, was_locked
from grokterm.runs.owner import this_process
from tests.runs.failing import failing_once

HOLDING = """
import sys
from pathlib import Path
from grokterm.runs.lock import RunLock
lock = RunLock(Path(sys.argv[1]))
lock.take()
lock.serve_at("/run/one.sock")
print("taken", flush=True)
input()
"""


@contextmanager
def another_holds(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the run; it is killed at the end."""
    command = [sys.executable, "-c", HOLDING, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "taken\n"
        yield child
        child.kill()


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (folder := tmp_path / "runs" / "one").mkdir(parents=True)
    return folder


def test_another_process_is_refused_with_who_holds_the_run_and_how_to_see_it(run: Path) -> None:
    with another_holds(run) as child:
        holder = holder_of(run)
        assert holder is not None
        assert (holder.pid, holder.host, holder.socket) == (child.pid, this_process().host, "/run/one.sock")
        with pytest.raises(StorageError) as refused:
            RunLock(run).take()
    assert str(refused.value) == f"run one is trained by process {child.pid}: grokterm attach one shows it"


def test_the_lock_of_a_killed_process_is_taken_over(run: Path) -> None:
    with another_holds(run):
        pass
    assert (run / HOLDER).exists()
    assert (was_locked(run), holder_of(run)) == (True, None)
    lock = RunLock(run)
    lock.take()
    assert holder_of(run) is not None
    lock.give_back()
    assert (was_locked(run), holder_of(run), lock.is_held) == (True, None, False)


def test_a_copy_of_a_run_that_trains_is_held_by_none(run: Path, tmp_path: Path) -> None:
    lock = RunLock(run)
    lock.take()
    copy = Path(shutil.copytree(run, tmp_path / "copy"))
    assert holder_of(copy) is None
    assert holder_of(run) is not None
    moved = run.rename(tmp_path / "moved")
    assert holder_of(moved) is not None


def test_a_process_on_another_host_is_named_with_it(run: Path) -> None:
    lock = RunLock(run)
    lock.take()
    holder = json.loads((run / HOLDER).read_text()) | {"host": "gpu7", "pid": 4711}
    (run / HOLDER).write_text(json.dumps(holder))
    with pytest.raises(StorageError, match=r"^run one is trained by process 4711 on gpu7: grokterm open one follows it$"):
        RunLock(run).take()


def test_a_full_disk_gives_no_lock_and_keeps_no_draft(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing_once(os.replace))
        with pytest.raises(
            StorageError,
            match="one cannot be written: No space left on device: make room or choose another folder with --runs-dir",
        ):
            RunLock(run).take()
    assert [path.name for path in run.iterdir() if path.suffix in (".tmp", ".json")] == []
    RunLock(run).take()


@pytest.mark.skipif(sys.platform == "win32", reason="has another kind of lock")
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_on_a_disk_without_locks_a_file_stands_for_one(run: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    lock = RunLock(run)
    lock.take()
    with pytest.raises(StorageError, match=f"by process {os.getpid()}: grokterm attach one shows it"):
        RunLock(run).take()
    lock.give_back()
    RunLock(run).take()


@pytest.mark.skipif(sys.platform == "win32", reason="has another kind of lock")
def test_a_file_left_by_a_dead_process_is_taken_over_and_one_that_may_live_is_not(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with another_holds(run):
        pass
    monkeypatch.setattr("fcntl.flock", failing_once(lambda *_: None, number=errno.ENOLCK))
    (run / MARKER).write_text(f"{os.getpid()}\nanother.host\n0\n")  # of a host that filelock cannot ask
    lock = RunLock(run)
    lock.take()
    lock.give_back()
    (run / MARKER).write_text(f"{os.getpid()}\nanother.host\n0\n")
    monkeypatch.setattr("fcntl.flock", failing_once(lambda *_: None, number=errno.ENOLCK))
    with pytest.raises(StorageError, match=r"is held by another process: if there is none, delete .*one/lock\.soft"):
        RunLock(run).take()


@pytest.mark.skipif(sys.platform == "win32", reason="has another kind of lock")
def test_a_disk_that_fails_as_it_locks_is_one_line(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("fcntl.flock", fail)
    with pytest.raises(StorageError, match="one cannot be written: Input/output error: choose another folder with --runs-dir"):
        RunLock(run).take()
    assert not (run / MARKER).exists()


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC])
def test_a_disk_that_is_read_only_or_full_is_one_line(run: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "write", failing_once(os.write, number=number))
    lock = RunLock(run)
    with pytest.raises(StorageError) as refused:
        lock.take()
    assert str(refused.value).startswith(f"{run} cannot be written: {os.strerror(number)}: ")
    assert not lock.is_held
    lock.take()
    assert sorted(path.name for path in run.iterdir()) == [LOCK, HOLDER]
