"""The lease of a member."""

import os
import time
from pathlib import Path

from grokterm.runs.owner import this_process
from grokterm.sweeps.lease import STALE, Claim, Lease, is_stale, read_claim


def test_a_second_process_does_not_get_it(tmp_path: Path) -> None:
    first = Lease.take(tmp_path / "key")
    assert first is not None
    with first:
        assert Lease.take(tmp_path / "key") is None
    again = Lease.take(tmp_path / "key")
    assert again is not None
    assert again.claim.attempts == 1


def test_that_of_a_dead_process_is_taken_over_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "key"
    _leave(path, this_process().model_copy(update={"pid": 2**22 + 1}).model_dump())
    lease = Lease.take(path)
    assert lease is not None
    assert lease.claim.attempts == 2


def test_that_of_another_host_is_taken_over_once_it_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "key"
    _leave(path, this_process().model_copy(update={"host": "elsewhere"}).model_dump())
    assert Lease.take(path) is None
    before = time.time() - STALE - 1
    os.utime(path, (before, before))
    assert Lease.take(path) is not None


def test_a_file_that_cannot_be_read_counts_by_its_age(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("half")
    assert not is_stale(path, read_claim(path))
    os.utime(path, (0, 0))
    assert Lease.take(path) is not None


def test_one_that_was_taken_over_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    lease = Lease.take(path)
    assert lease is not None
    with lease:
        path.unlink()
        _leave(path, this_process().model_dump())
        assert not lease.is_held
    assert path.exists()


def test_nothing_but_leases_stays_in_the_folder(tmp_path: Path) -> None:
    lease = Lease.take(tmp_path / "key")
    assert lease is not None
    with lease:
        assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert not list(tmp_path.iterdir())


def _leave(path: Path, owner: dict[str, object]) -> None:
    path.write_text(Claim.model_validate(owner | {"nonce": "another"}).model_dump_json())
