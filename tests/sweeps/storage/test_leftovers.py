"""What killed processes have left."""

import os
from pathlib import Path

from grokterm.runs.owner import this_process
from grokterm.runs.storage.durable import draft_of
from grokterm.runs.store import SWEEP
from grokterm.sweeps.storage.folder import DAMAGED
from grokterm.sweeps.storage.lease import Claim, read_claim
from grokterm.sweeps.storage.leftovers import sweep_away
from grokterm.sweeps.storage.parcel import mark_of
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import CSV
from tests.sweeps.fixtures import tiny_sweep

DEAD = 2**22 + 1  # above the largest number of a process


def test_what_a_killed_process_left_is_removed_and_what_one_that_lives_has_stays(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    ended, saved, begun, _ = sweep.members()
    for member in (ended, saved):
        sweep.keep_result(Result(key=member.key))
    killed = [_claim(mark_of(sweep.path, "one"), DEAD), _claim(sweep.lease_of(ended.key), DEAD)]
    alive = [_claim(mark_of(sweep.path, "two"), os.getpid()), _claim(sweep.lease_of(saved.key), os.getpid())]
    counted = _claim(sweep.lease_of(begun.key), DEAD)
    guards = [path.with_name(f".{path.name}-guard") for path in (*killed, *alive)]
    for guard in guards:
        guard.touch()
    for guard in guards[:2]:
        os.utime(guard, (0, 0))
    sweep_away(sweep)
    assert not any(path.exists() for path in (*killed, *guards[:2]))
    assert all(path.exists() for path in (*alive, *guards[2:]))
    assert (claim := read_claim(counted)) is not None
    assert claim.attempts == 3


def test_drafts_are_removed_but_those_of_a_member_that_is_claimed_and_those_of_this_minute(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    one, other, *_ = sweep.members()
    _claim(sweep.lease_of(one.key), os.getpid())
    _claim(sweep.lease_of(other.key), DEAD)
    packed = [draft_of(sweep.path / "members" / member.key) for member in (one, other)]
    for draft in packed:
        (draft / "checkpoints").mkdir(parents=True)
    damaged = sweep.path / "members" / f".{other.key}{DAMAGED}"
    damaged.mkdir()
    files = [sweep.path / CSV, sweep.path / SWEEP, sweep.lease_of(other.key), sweep.path / "results" / f"{one.key}.json"]
    old, young = ([draft_of(file) for file in files] for _ in range(2))
    for draft in (*old, *young):
        draft.touch()
    for draft in old:
        os.utime(draft, (0, 0))
    sweep_away(sweep)
    assert not any(draft.exists() for draft in (*old, packed[1]))
    assert all(path.exists() for path in (*young, packed[0], damaged))


def _claim(path: Path, pid: int) -> Path:
    owner = this_process().model_copy(update={"pid": pid})
    path.write_text(Claim(**owner.model_dump(), nonce="x", attempts=3).model_dump_json())
    return path
