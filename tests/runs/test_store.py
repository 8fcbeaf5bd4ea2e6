import os
import shutil
from pathlib import Path

import pytest

from grokterm.errors import CheckpointError, RunNotFoundError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import read_journal
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, list_runs


def make(folder: Path, experiment: Experiment, preset: str = "tiny") -> Run:
    return create_run(folder, experiment, preset, {"threads": 1})


def test_what_begins_from_a_member_of_a_sweep_is_kept_beside_the_sweep(tmp_path: Path) -> None:
    member = Run(tmp_path / "runs" / "swept" / "members" / "0123")
    member.path.mkdir(parents=True)
    assert member.runs_dir == tmp_path / "runs" / "swept" / "members"
    (tmp_path / "runs" / "swept" / "sweep.toml").touch()
    assert member.runs_dir == tmp_path / "runs"
    assert Run(tmp_path / "runs" / "alone").runs_dir == tmp_path / "runs"


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


def test_a_run_that_was_deleted_says_so(tiny: Experiment, tmp_path: Path) -> None:
    run = make(tmp_path, tiny)
    (run.path / "experiment.toml").unlink()
    with pytest.raises(RunNotFoundError, match=rf"^run {run.name}: experiment.toml cannot be read: No such file or directory$"):
        _ = Run(run.path).experiment
    shutil.rmtree(run.path)
    with pytest.raises(RunNotFoundError, match=rf"^run {run.name}: its folder is gone: {run.path} was moved or deleted"):
        _ = Run(run.path).experiment
    with pytest.raises(CheckpointError, match=rf"^its folder is gone: {run.path} was moved or deleted"):
        read_journal(run.journal)
