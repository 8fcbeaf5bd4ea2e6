import errno
import os
from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.runs.lock import RunLock
from grokterm.runs.storage.unwritable import unwritable


@pytest.mark.parametrize(
    ("number", "advice"),
    [
        (errno.ENOSPC, ": make room or wait"),
        (errno.EACCES, ": make it writable or wait"),
        (errno.EEXIST, ": move the file away that is in its place or wait"),
        (errno.EIO, ": wait"),
    ],
)
def test_what_to_do_depends_on_why_a_path_cannot_be_written(tmp_path: Path, number: int, advice: str) -> None:
    reason = os.strerror(number)
    assert str(unwritable(tmp_path, OSError(number, reason), "wait")) == f"{tmp_path} cannot be written: {reason}{advice}"


def test_a_folder_that_is_gone_is_named_and_no_lock_makes_it_again(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(StorageError, match=r"^its folder is gone: .*/run was moved or deleted: put it back$"):
        RunLock(run).take()
    assert not run.exists()
    error = unwritable(run / "checkpoints" / "one", FileNotFoundError(errno.ENOENT, "No such file"))
    assert str(error) == f"its folder is gone: {run} was moved or deleted: put it back"
