"""The lease of a member."""

import errno
import os
import time
from pathlib import Path

import pytest

from grokterm.runs.owner import this_process
from grokterm.sweeps.storage import lease as leases
from grokterm.sweeps.storage.lease import STALE, Claim, Lease, claims, is_stale, read_claim
from tests.runs.failing import failing_once

DEAD = 2**22 + 1  # above the largest number of a process


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
    _leave(path, this_process().model_copy(update={"pid": DEAD}).model_dump())
    lease = Lease.take(path)
    assert lease is not None
    assert lease.claim.attempts == 2


def test_deaths_are_counted_only_as_long_as_the_member_gets_no_further(tmp_path: Path) -> None:
    path = tmp_path / "key"
    dead = this_process().model_copy(update={"pid": DEAD}).model_dump()
    _leave(path, dead | {"attempts": 3, "step": 20})
    again = Lease.take(path, 20)
    assert again is not None
    assert again.claim.attempts == 4
    _leave(path, dead | {"attempts": 3, "step": 20})
    further = Lease.take(path, 30)
    assert further is not None
    assert (further.claim.attempts, further.claim.step) == (1, 30)


def test_of_two_that_find_it_stale_one_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, faster = tmp_path / "key", list[Lease | None]()
    _leave(path, this_process().model_copy(update={"pid": DEAD}).model_dump())

    def judged(path: Path, claim: Claim | None) -> bool:
        del claim
        monkeypatch.undo()
        faster.append(Lease.take(path))
        return True

    monkeypatch.setattr(leases, "is_stale", judged)
    assert Lease.take(path) is None
    assert faster[0] is not None
    assert faster[0].is_held


def test_it_is_taken_over_although_a_process_was_killed_while_it_did_that(tmp_path: Path) -> None:
    path, guard = tmp_path / "key", tmp_path / ".key-guard"
    _leave(path, this_process().model_copy(update={"pid": DEAD}).model_dump())
    guard.touch()
    assert Lease.take(path) is None
    os.utime(guard, (0, 0))
    assert Lease.take(path) is None
    assert Lease.take(path) is not None


def test_that_of_another_start_of_the_host_counts_by_its_age(tmp_path: Path) -> None:
    path = tmp_path / "key"  # it may be of another host with the same name
    _leave(path, this_process().model_copy(update={"pid": DEAD, "boot": "another"}).model_dump())
    assert Lease.take(path) is None
    os.utime(path, (0, 0))
    assert Lease.take(path) is not None


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


def test_one_of_the_future_counts_from_now_on(tmp_path: Path) -> None:
    path, day = tmp_path / "key", 86_400.0
    _leave(path, this_process().model_copy(update={"host": "elsewhere"}).model_dump())
    os.utime(path, (time.time() + day,) * 2)  # the clock was set back since
    assert Lease.take(path) is None
    assert abs(path.stat().st_mtime - time.time()) < day / 2


def test_one_that_is_given_back_meanwhile_is_not_stale(tmp_path: Path) -> None:
    assert not is_stale(tmp_path / "key", None)


def test_claims_are_told_also_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _leave(tmp_path / "key", this_process().model_copy(update={"host": "elsewhere"}).model_dump())
    monkeypatch.setattr(os, "open", failing_once(os.open, number=errno.EROFS))
    assert claims(tmp_path).keys() == {"key"}
    assert claims(tmp_path / "nowhere") == {}


def test_one_that_was_taken_over_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    lease = Lease.take(path)
    assert lease is not None
    with lease:
        path.unlink()
        _leave(path, this_process().model_dump())
        assert not lease.is_held
    assert path.exists()


def test_one_that_was_taken_over_is_lost_at_the_next_beat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "BEAT", 0.001)
    path = tmp_path / "key"
    lease = Lease.take(path)
    assert lease is not None
    with lease:
        assert not lease.is_lost
        _leave(path, this_process().model_dump())
        deadline = time.monotonic() + 10
        while not lease.is_lost and time.monotonic() < deadline:
            pass
        assert lease.is_lost


def test_nothing_but_leases_stays_in_the_folder(tmp_path: Path) -> None:
    lease = Lease.take(tmp_path / "key")
    assert lease is not None
    with lease:
        assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert not list(tmp_path.iterdir())


def _leave(path: Path, owner: dict[str, object]) -> None:
    path.write_text(Claim.model_validate({"nonce": "another"} | owner).model_dump_json())
