"""Sweeps in the list of runs."""

from pathlib import Path

import pytest

from grokterm.errors import StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.listing.annotations import Annotations, write_annotations
from grokterm.runs.listing.index import RunIndex, list_rows
from grokterm.runs.listing.query import parse_query
from grokterm.runs.listing.row import RunRow
from grokterm.runs.storage.making import create_run
from grokterm.sweeps import listing
from grokterm.sweeps.listing import ListedSweeps, refuse_if_trained
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import TINY, tiny_sweep


def only(folder: Path) -> RunRow:
    (row,) = list_rows(folder, others=ListedSweeps())
    return row


def end(sweep: SweepFolder, n_failed: int) -> None:
    for number, member in enumerate(sweep.members()):
        sweep.keep_result(Result(key=member.key, outcome="failed" if number < n_failed else "finished"))


def test_a_sweep_is_one_row_that_says_what_is_varied_and_how_far_it_is(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (tmp_path / sweep.name / "members" / "0").mkdir()
    row = only(tmp_path)
    assert (row.kind, row.name, row.preset, row.operation) == ("sweep", "tiny-sweep", "tiny", "add")
    assert row.told == "train_fraction=0.4..0.6, seeds=2, measure=val_accuracy"
    assert (row.members, row.n_ended, row.n_failed, row.state) == (4, 0, 0, "interrupted")
    end(sweep, n_failed=1)
    row = only(tmp_path)
    assert (row.n_ended, row.n_failed, row.state, row.ended) == (4, 1, "ended", "complete")


def test_results_that_a_shorter_grid_has_left_are_not_counted(tmp_path: Path) -> None:
    end(tiny_sweep(tmp_path), n_failed=0)
    tiny_sweep(tmp_path, {"grid": {"task.train_fraction": [0.4, 0.5]}, "seeds": 2})
    row = only(tmp_path)
    assert (row.members, row.n_ended, row.state) == (4, 2, "interrupted")


def test_two_points_that_are_the_same_run_are_one_member(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path, {"variants": {"as it is": {}, "the same": {"model.width": 8}}})
    end(sweep, n_failed=0)
    assert (only(tmp_path).members, only(tmp_path).ended) == (1, "complete")


def test_a_search_has_the_members_that_it_has_wanted(tmp_path: Path) -> None:
    search = {"along": "task.train_fraction", "between": [0.3, 0.7], "tolerance": 0.3}
    row = only(tiny_sweep(tmp_path, {"search": search, "seeds": 3}).path.parent)
    assert (row.members, row.told) == (4, "train_fraction=0.3..0.7, seeds=3, measure=val_accuracy")


def test_a_sweep_that_a_process_works_on_trains_and_is_not_thrown_away(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    refuse_if_trained(sweep.path)
    lease = Lease.take(sweep.lease_of("0"))
    assert lease is not None
    with lease:
        assert only(tmp_path).state == "training"
        with pytest.raises(StorageError, match=r"works on sweep tiny-sweep: end it first"):
            refuse_if_trained(sweep.path)
    assert only(tmp_path).state == "interrupted"


def test_a_sweep_is_read_again_only_when_it_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep, before = tiny_sweep(tmp_path), only(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(listing, "_read", None)
        assert only(tmp_path) == before
    write_annotations(sweep.path, Annotations(is_pinned=True, note="mine"))
    assert (only(tmp_path).is_pinned, only(tmp_path).note) == (True, "mine")


def test_a_damaged_sweep_says_so_in_its_row(tmp_path: Path) -> None:
    (tiny_sweep(tmp_path).path / "sweep.toml").write_text("[sweep")
    assert only(tmp_path).problem.startswith("sweep tiny-sweep: sweep.toml cannot be read: not valid TOML")


def test_sweeps_stand_among_runs_and_are_found_by_a_word(tmp_path: Path) -> None:
    create_run(tmp_path, Experiment.from_settings(TINY), "tiny", {}, name="alone", is_timed=False)
    tiny_sweep(tmp_path)
    rows = RunIndex(tmp_path, ListedSweeps()).rows()
    assert {row.name for row in rows} == {"alone", "tiny-sweep"}
    assert [row.name for row in rows if parse_query("sweep op:add").matches(row)] == ["tiny-sweep"]
    assert [row.name for row in rows if parse_query("-sweep").matches(row)] == ["alone"]


def test_a_sweep_keeps_the_time_at_which_it_was_made(tmp_path: Path) -> None:
    meta = tiny_sweep(tmp_path).path / "meta.json"
    meta.write_text(meta.read_text().replace(meta.read_text().split('"created": "')[1][:4], "2001"))
    tiny_sweep(tmp_path)
    assert '"created": "2001' in meta.read_text()
