"""What makes a run in the runs folder."""

import json
import os
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest

from grokterm.errors import StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.storage import making
from grokterm.runs.storage.making import check_room, create_run
from grokterm.runs.store import Run, list_runs
from tests.runs.failing import failing_once


class _StandingClock(datetime):
    """It is always the same second."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> Self:
        return cls(2030, 1, 2, 3, 4, 5, tzinfo=tz)


@pytest.fixture
def standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "datetime", _StandingClock)


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


def test_a_runs_folder_that_cannot_be_written_is_refused_in_one_line(tiny: Experiment) -> None:
    with pytest.raises(StorageError, match=r"^/proc cannot be written: .*--runs-dir$"):
        make(Path("/proc"), tiny)


def test_the_meta_data_is_json_for_other_programs(tiny: Experiment, tmp_path: Path) -> None:
    assert json.loads((make(tmp_path, tiny).path / "meta.json").read_text())["preset"] == "tiny"


def test_a_disk_without_room_for_another_run_is_refused_and_nothing_is_left_on_it(tmp_path: Path) -> None:
    check_room(tmp_path, 2**10)
    with pytest.raises(StorageError, match="cannot be written: No space left on device"):
        check_room(tmp_path, 2**60)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_called_what_is_shown_of_the_name_of_its_file(tiny: Experiment, tmp_path: Path) -> None:
    assert make(tmp_path, tiny, "\x1b[31mred\x07").name.startswith("red-2")
