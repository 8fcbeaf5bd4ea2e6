import json
import os
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest

from grokterm.errors import RunNotFoundError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs import store
from grokterm.runs.store import Run, check_room, create_run, list_runs
from tests.runs.failing import failing_once


class _StandingClock(datetime):
    """It is always the same second."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2030, 1, 2, 3, 4, 5, tzinfo=tz)


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "datetime", _StandingClock)


def make(folder: Path, experiment: Experiment, preset: str = "tiny") -> Run:
    return create_run(folder, experiment, preset, {"threads": 1})


def test_a_new_run_is_a_direct_child_with_everything_in_it(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path / "deep" / "runs", tiny)
    assert run.path.parent == tmp_path / "deep" / "runs"
    assert run.name.startswith("tiny-")
    assert {path.name for path in run.path.iterdir()} == {"experiment.toml", "meta.json", "journal.jsonl", "checkpoints"}
    assert run.experiment == tiny
    assert run.meta == {"preset": "tiny", "threads": 1}
    assert run.journal.read_bytes() == b""


def test_what_begins_from_a_member_of_a_sweep_is_kept_beside_the_sweep(tmp_path: Path) -> None:
    member = Run(tmp_path / "runs" / "swept" / "members" / "0123")
    member.path.mkdir(parents=True)
    assert member.runs_dir == tmp_path / "runs" / "swept" / "members"
    (tmp_path / "runs" / "swept" / "sweep.toml").touch()
    assert member.runs_dir == tmp_path / "runs"
    assert Run(tmp_path / "runs" / "alone").runs_dir == tmp_path / "runs"


@pytest.mark.parametrize("n_writes_before", [0, 1, 2])
def test_a_run_that_could_not_be_completed_leaves_nothing(
    n_writes_before: int, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing_once(os.fsync, at=n_writes_before + 1))
    with pytest.raises(StorageError, match=r"cannot be written: No space left"):
        make(tmp_path, tiny)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("standing_clock")
def test_runs_of_the_same_second_get_different_names(tiny: Experiment, tmp_path: Path) -> None:
    names = [make(tmp_path, tiny).name for _ in range(3)]
    assert names == ["tiny-20300102-030405", "tiny-20300102-030405-2", "tiny-20300102-030405-3"]


@pytest.mark.usefixtures("standing_clock")
def test_a_name_that_another_process_takes_at_the_last_moment_is_left_to_it(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = make(tmp_path, tiny)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", lambda _: False)  # it was free when we looked
        ours = make(tmp_path, tiny)
    assert ours.path != theirs.path
    assert {run.path for run in list_runs(tmp_path)} == {ours.path, theirs.path}


def test_runs_are_listed_oldest_first_also_after_an_older_one_was_resumed(tiny: Experiment, tmp_path: Path) -> None:
    runs = [make(tmp_path, tiny, preset) for preset in ("c", "a", "b")]
    for age, run in zip((30, 20, 10), runs, strict=True):
        moment = run.path.stat().st_mtime - age
        for path in (run.path, *run.path.iterdir()):
            os.utime(path, (moment, moment))
    runs[0].rewrite(tiny)
    assert list_runs(tmp_path) == runs


def test_the_list_skips_what_is_no_run(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes.txt").write_text("mine")
    run.path.rename(tmp_path / f".{run.name}")
    assert list_runs(tmp_path) == []


def test_a_run_that_lost_its_meta_data_is_still_listed_and_read(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    for content in ("", "[1, 2]", "[" * 9999, None):
        if content is None:
            (run.path / "meta.json").unlink()
        else:
            (run.path / "meta.json").write_text(content)
        (found,) = list_runs(tmp_path)
        assert found.meta == {}
        assert found.experiment == tiny


def test_a_folder_that_does_not_exist_holds_no_runs(tmp_path: Path) -> None:
    assert list_runs(tmp_path / "nowhere") == []


def test_a_runs_folder_that_is_a_file_is_refused_in_one_line(tiny: Experiment, tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(StorageError, match=r"^.*runs cannot be written: File exists: .*--runs-dir$"):
        make(tmp_path / "runs", tiny)
    with pytest.raises(StorageError, match=r"^.*runs cannot be read: Not a directory: .*--runs-dir$"):
        list_runs(tmp_path / "runs")


def test_a_runs_folder_that_cannot_be_written_is_refused_in_one_line(tiny: Experiment) -> None:
    with pytest.raises(StorageError, match=r"^/proc cannot be written: .*--runs-dir$"):
        make(Path("/proc"), tiny)


def test_a_changed_experiment_is_read_back(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    longer = tiny.model_copy(update={"title": "Longer"})
    assert run.experiment == tiny
    run.rewrite(longer)
    assert run.experiment == Run(run.path).experiment == longer


def test_a_run_whose_settings_are_damaged_says_so(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    (run.path / "experiment.toml").write_text("[task]\nmodulus = 1\n")
    with pytest.raises(RunNotFoundError, match=rf"run {run.name}: experiment.toml cannot be read: task.modulus must be"):
        _ = run.experiment


def test_the_meta_data_is_json_for_other_programs(tiny: Experiment, tmp_path: Path) -> None:
    assert json.loads((make(tmp_path, tiny).path / "meta.json").read_text())["preset"] == "tiny"


def test_a_disk_without_room_for_another_run_is_refused_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    check_room(tmp_path, 2**10)
    with pytest.raises(StorageError, match="cannot be written: No space left on device"):
        check_room(tmp_path, 2**60)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_called_what_is_shown_of_the_name_of_its_file(tiny: Experiment, tmp_path: Path) -> None:
    assert make(tmp_path, tiny, "\x1b[31mred\x07").name.startswith("red-2")
