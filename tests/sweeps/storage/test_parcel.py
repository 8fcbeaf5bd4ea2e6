"""Members on their way between folders."""

import os
from pathlib import Path

import pytest

from grokterm.runs.journal import read_journal
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.parcel import Parcel, definition_of, pack, set_up, take_out, unpack
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Work
from tests.runs.failing import failing_once
from tests.sweeps.fixtures import TINY, tiny_sweep


def _elsewhere(sweep: SweepFolder, folder: Path) -> SweepFolder:
    return set_up(definition_of(sweep), folder / "deep" / sweep.name)


def _result(sweep: SweepFolder) -> Result:
    return Result(key=sweep.members()[0].key, outcome="failed", problem="another")


def test_a_member_that_was_trained_elsewhere_is_here_as_if_it_had_been_trained_here(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path / "here")
    there = _elsewhere(sweep, tmp_path / "there")
    member = there.members()[0]
    Work(there).on(member)
    run = there.run_of(member.key)
    assert run is not None
    records = read_journal(run.journal)
    assert unpack(take_out(there, member.key), sweep)
    arrived = sweep.run_of(member.key)
    assert arrived is not None
    assert read_journal(arrived.journal) == records
    assert len(list(arrived.checkpoints.iterdir())) > 0
    assert sweep.result_of(member.key) is not None
    assert there.run_of(member.key) is None
    assert not list((sweep.path / "leases").iterdir())


def test_a_second_process_finds_the_folder_that_the_first_has_set_up(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path / "here")
    first = _elsewhere(sweep, tmp_path)
    first.keep_result(_result(first))
    assert _elsewhere(sweep, tmp_path).results() == first.results()
    assert len(list(first.path.parent.iterdir())) == 1


def test_of_two_processes_that_set_up_a_folder_at_once_the_second_takes_that_of_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = tiny_sweep(tmp_path / "here")
    rename = os.rename

    def after_another(source: str, target: str) -> None:
        monkeypatch.undo()
        first = _elsewhere(sweep, tmp_path)
        first.keep_result(_result(first))
        rename(source, target)

    monkeypatch.setattr(os, "rename", after_another)
    second = _elsewhere(sweep, tmp_path)
    assert len(second.results()) == 1
    assert [path.name for path in second.path.parent.iterdir()] == ["tiny-sweep"]


def test_a_disk_that_fills_up_leaves_the_member_that_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = tiny_sweep(tmp_path / "here")
    key = sweep.members()[0].key
    (sweep.path / "members" / key).mkdir()
    (sweep.path / "members" / key / "experiment.toml").write_text("older")
    monkeypatch.setattr(os, "rename", failing_once(os.rename, at=2))
    with pytest.raises(OSError, match="No space left"):
        unpack(Parcel(key, {"experiment.toml": b"newer"}), sweep)
    monkeypatch.undo()
    assert [path.name for path in (sweep.path / "members").iterdir()] == [key]
    assert (sweep.path / "members" / key / "experiment.toml").read_text() == "older"
    assert unpack(Parcel(key, {"experiment.toml": b"newer"}), sweep)
    assert (sweep.path / "members" / key / "experiment.toml").read_text() == "newer"


def test_a_checkpoint_that_is_dropped_while_it_is_packed_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = tiny_sweep(tmp_path)
    member, read = sweep.members()[0], Path.read_bytes
    Work(sweep).on(member)

    def after_another(path: Path) -> bytes:
        for checkpoint in (sweep.path / "members" / member.key / "checkpoints").iterdir():
            checkpoint.unlink()
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", after_another)
    assert set(pack(sweep, member.key).run) == {"experiment.toml", "journal.jsonl", "meta.json"}


def test_files_that_an_experiment_names_travel_with_it(tmp_path: Path) -> None:
    table = tmp_path / "answers.csv"
    table.write_text("\n".join(",".join(str((a * b) % 7) for b in range(7)) for a in range(7)))
    sweep = tiny_sweep(tmp_path / "here", {}, TINY | {"task": {"operation": "table", "table": str(table)}})
    there = _elsewhere(sweep, tmp_path / "there")
    table.unlink()
    assert [member.key for member in there.members()] == [member.key for member in sweep.members()]


def test_what_has_ended_here_is_kept(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    there = _elsewhere(sweep, tmp_path / "there")
    member = sweep.members()[0]
    Work(sweep).on(member)
    before = sweep.result_of(member.key)
    there.keep_result(_result(there))
    assert unpack(pack(there, member.key), sweep)
    assert sweep.result_of(member.key) == before
    assert sweep.run_of(member.key) is not None


def test_a_member_that_another_process_works_on_is_left_alone(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    key = sweep.members()[0].key
    there = _elsewhere(sweep, tmp_path / "there")
    there.keep_result(_result(there))
    lease = Lease.take(sweep.lease_of(key))
    assert lease is not None
    with lease:
        assert not unpack(pack(there, key), sweep)
    assert sweep.results() == {}
