"""The folder of a sweep."""

import errno
import os
import shutil
from pathlib import Path

import pytest

from grokterm.errors import RunNotFoundError, StorageError
from grokterm.experiment.sweep import Sweep
from grokterm.runs.finding import sweep_names
from grokterm.runs.store import list_runs
from grokterm.sweeps.measuring.measures import network_measures
from grokterm.sweeps.members import members_of
from grokterm.sweeps.storage.finding import find_sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.work import Work
from tests.runs.failing import failing_once
from tests.sweeps.fixtures import TINY, TWO_BY_TWO, tiny_sweep


def test_it_has_the_members_that_it_was_made_with(tmp_path: Path) -> None:
    made = tiny_sweep(tmp_path)
    found = find_sweep(tmp_path, "tiny")
    assert found.path == made.path
    assert found.preset == "tiny"
    assert found.members() == members_of(TINY, Sweep.from_settings(TWO_BY_TWO))


def test_it_is_no_run(tmp_path: Path) -> None:
    tiny_sweep(tmp_path)
    assert not list_runs(tmp_path)
    assert sweep_names(tmp_path) == ["tiny-sweep"]


def test_one_that_cannot_be_read_says_so_in_a_line(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (sweep.path / "sweep.toml").write_text("[sweep]\nseeds = 'x'")
    with pytest.raises(RunNotFoundError, match=r"sweep tiny-sweep: sweep.toml cannot be read: seeds must be"):
        _ = SweepFolder(sweep.path).sweep


def test_another_measure_of_the_network_is_taken_of_what_has_ended(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first, second = sweep.members()[:2]
    Work(sweep).on(first)
    sweep.keep_result(Result(key=second.key))  # of a run that has left no checkpoint
    asked = tiny_sweep(tmp_path, TWO_BY_TWO | {"measure": "ipr"})
    asked.forget_unmeasured(network_measures(asked.sweep))
    assert asked.results().keys() == {second.key}
    Work(asked).on(first)
    result = asked.result_of(first.key)
    assert result is not None
    assert result.value("ipr") is not None
    asked.forget_unmeasured(network_measures(asked.sweep))
    assert len(asked.results()) == 2


def test_a_result_that_cannot_be_read_or_is_about_another_member_is_none(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (sweep.path / "results" / "abc.json").write_text("{")
    (sweep.path / "results" / "abd.json").write_text(Result(key="../outside").model_dump_json())  # by which it would be removed
    assert sweep.results() == {}


def test_meta_data_that_no_program_has_written_name_no_preset(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    for content in ("[" * 9999, "{", "[]"):
        (sweep.path / "meta.json").write_text(content)
        assert sweep.preset == ""


def test_a_damaged_run_that_was_set_aside_makes_room_for_the_next_one(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    for content in ("first", "second"):
        (sweep.path / "members" / "key").mkdir()
        (sweep.path / "members" / "key" / "journal.jsonl").write_text(content)
        sweep.set_aside("key")
    (kept,) = (sweep.path / "members").iterdir()
    assert (kept.name, (kept / "journal.jsonl").read_text()) == (".key-damaged", "second")


@pytest.mark.parametrize("is_there", [True, False])
def test_a_run_that_was_moved_out_of_the_way_is_put_back_unless_another_has_come(tmp_path: Path, *, is_there: bool) -> None:
    members = tiny_sweep(tmp_path).path / "members"
    for name in (".key-replaced", *["key"] * is_there):
        (members / name).mkdir()
        (members / name / "of").write_text(name)
    SweepFolder(members.parent).put_back("key")
    assert [path.name for path in members.iterdir()] == ["key"]
    assert (members / "key" / "of").read_text() == ("key" if is_there else ".key-replaced")


def test_results_that_cannot_be_removed_are_told_of_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep = tiny_sweep(tmp_path)
    sweep.keep_result(Result(key="key", outcome="failed"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", failing_once(os.unlink, number=errno.EROFS))
        with pytest.raises(StorageError, match="tiny-sweep cannot be written: Read-only file system"):
            sweep.forget_failed()
    assert sweep.forget_failed() == ["key"]
    assert sweep.results() == {}


def test_a_folder_that_has_lost_its_results_or_its_definition_has_none(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    shutil.rmtree(sweep.path / "results")
    (sweep.path / "sweep.toml").unlink()
    assert (sweep.results(), sweep.has_results, sweep.defined_at) == ({}, False, 0)
