import os
import shutil
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.records import Branched, Paused, Reached, Record
from grokterm.reports.run import summary_of
from grokterm.runs.differences import differences
from grokterm.runs.journal import JournalWriter
from grokterm.runs.listing import file as index_file
from grokterm.runs.listing import index, reading
from grokterm.runs.listing.annotations import Annotations, write_annotations
from grokterm.runs.listing.facts import Facts
from grokterm.runs.listing.file import IndexFile
from grokterm.runs.listing.index import RunIndex, list_rows
from grokterm.runs.listing.row import RunRow
from grokterm.runs.listing.skim import Skim
from grokterm.runs.listing.trash import move_to_trash
from grokterm.runs.owner import this_process
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run, list_runs
from tests.runs.records import acted, checkpointed, evaluated, finished, started
from tests.training.outcome import changed

Read = Callable[[], list[str]]


def write(run: Run, *records: Record) -> None:
    JournalWriter(run.journal, run.journal.stat().st_size).write(records)


@pytest.fixture
def runs(tiny: Experiment, tmp_path: Path) -> list[Run]:
    """Three runs: one that has ended, one that is trained by this process, and one that was only made."""
    made = [
        create_run(tmp_path, changed(tiny, f"seed={seed}"), "tiny", {}, name=name)
        for seed, name in enumerate(("first", "second", "third"))
    ]
    for age, run in enumerate(reversed(made)):
        os.utime(run.path / "meta.json", (1e9 - age, 1e9 - age))
    write(made[0], started(), evaluated(0, val_loss=2.0), Reached(step=5, milestone="memorized"), evaluated(60), finished(60))
    write(made[1], started(owner=this_process()), evaluated(5))
    return made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Read:
    """Name the runs that were read since it was last asked."""
    names: list[str] = []
    read_facts = reading.read_facts

    def recorded(folder: Path, skim: dict[str, object] | None = None) -> Facts:
        names.append(folder.name.partition("-")[0])
        return read_facts(folder, skim)

    monkeypatch.setattr(reading, "read_facts", recorded)

    def read() -> list[str]:
        found = names[:]
        names.clear()
        return found

    return read


def test_a_row_says_what_its_folder_does(runs: list[Run], tmp_path: Path) -> None:
    first, second, third = list_rows(tmp_path)
    assert (
        [row.path for row in (first, second, third)] == [run.path for run in runs] == [run.path for run in list_runs(tmp_path)]
    )
    assert (first.preset, first.title, first.operation, first.architecture, first.optimizer) == (
        "tiny",
        "Tiny",
        "add",
        "mlp",
        "adamw",
    )
    assert (first.train_fraction, first.members, first.steps) == (0.6, 1, 60)
    assert (first.memorized_at, first.grokked_at, first.step, first.val_loss, first.train_accuracy) == (5, None, 60, 0.5, 0.25)
    assert (first.state, first.ended, first.created, first.steps_per_second) == ("ended", "complete", 1e9 - 2, 30.0)
    assert (second.state, second.ended, second.owner, second.step) == ("training", None, this_process(), 5)
    assert (third.state, third.step, third.val_accuracy, third.told) == ("unknown", 0, None, "seed=2")
    assert first.settings["optimizer.weight_decay"] == 1.0
    assert not first.is_changed


def test_a_copy_of_a_folder_keeps_when_its_runs_were_made(tiny: Experiment, tmp_path: Path) -> None:
    for name, created in (("b", "2030-01-02T03:04:05+00:00"), ("a", "2030-01-02T03:04:06+00:00")):
        create_run(tmp_path / "runs", tiny, "tiny", {"created": created}, name=name)
    list_rows(tmp_path / "runs")
    shutil.copytree(tmp_path / "runs", tmp_path / "copy", copy_function=shutil.copy)
    for _ in range(2):  # read, and from the index
        rows = list_rows(tmp_path / "copy")
        assert [(row.name[0], row.created) for row in rows] == [("b", 1893553445), ("a", 1893553446)]


def test_differences_are_those_that_are_listed_elsewhere(tiny: Experiment, tmp_path: Path) -> None:
    quick = find_preset("quick").experiment
    for experiment, preset in (
        (quick, "quick"),
        (changed(quick, "optimizer.weight_decay=2", "optimizer.betas=[0.5, 0.9]", "training.members=3"), "quick"),
        (tiny, "mine"),
        (changed(tiny, "seed=3", "interventions=[{ at_step = 3, save = true }]"), "mine"),
        (changed(quick, "task.modulus=31"), "mine"),
    ):
        create_run(tmp_path, experiment, preset, {})
    expected = [reading.plain(one) for one in differences(list_runs(tmp_path))]
    for _ in range(2):  # read, and from the index
        assert [row.differences for row in list_rows(tmp_path)] == expected


def test_a_preset_that_changes_changes_what_differs(runs: list[Run], tiny: Experiment, tmp_path: Path, read: Read) -> None:
    assert [row.told for row in list_rows(tmp_path)] == ["", "seed=1", "seed=2"]
    (tmp_path / "presets").mkdir()
    (tmp_path / "presets" / "tiny.toml").write_text(changed(tiny, "seed=2").to_toml())
    read()
    assert [row.told for row in list_rows(tmp_path)] == ["seed=0", "seed=1", ""]
    assert read() == []


def test_only_what_has_changed_is_read_again(runs: list[Run], tmp_path: Path, read: Read) -> None:
    list_rows(tmp_path)
    assert sorted(read()) == ["first", "second", "third"]
    list_rows(tmp_path)
    assert read() == []
    write(runs[1], evaluated(10))
    write_annotations(runs[2].path, Annotations(is_pinned=True, tags=("x",), note="mine"))
    _, second, third = list_rows(tmp_path)
    assert sorted(read()) == ["second", "third"]
    assert (second.step, third.is_pinned, third.tags, third.note) == (10, True, ("x",), "mine")
    runs[0].rewrite(changed(runs[0].experiment, "training.steps=90"))
    assert list_rows(tmp_path)[0].steps == 90
    assert read() == ["first"]


def test_a_growing_journal_is_read_on_from_where_it_was(runs: list[Run], tmp_path: Path) -> None:
    list_rows(tmp_path)
    with runs[1].journal.open("r+b") as journal:
        journal.write(b"#")  # would be seen if it were read again
    write(runs[1], checkpointed(20), finished(20, "interrupted"))
    assert [row.state for row in list_rows(tmp_path)][1] == "interrupted"


def test_rows_are_the_same_objects_while_nothing_changes(runs: list[Run], tmp_path: Path) -> None:
    kept = RunIndex(tmp_path)
    before = kept.rows()
    write(runs[1], Paused(step=7))
    after = kept.rows()
    assert [one is other for one, other in zip(before, after, strict=True)] == [True, False, True]
    assert (after[1].state, after[1].step) == ("paused", 7)


def test_a_run_whose_process_has_gone_was_killed_until_it_goes_on(runs: list[Run], tmp_path: Path) -> None:
    gone = this_process().model_copy(update={"boot": "another"})
    write(runs[2], started(owner=gone))
    for _ in range(2):
        row = list_rows(tmp_path)[2]
        assert (row.state, row.ended, row.owner) == ("killed", "killed", None)
    write(runs[2], started(owner=this_process()))
    assert list_rows(tmp_path)[2].state == "training"
    write(runs[2], started(owner=gone.model_copy(update={"host": "another"})))
    assert list_rows(tmp_path)[2].state == "unknown"


def test_a_run_that_is_gone_is_no_longer_listed(runs: list[Run], tmp_path: Path) -> None:
    list_rows(tmp_path)
    move_to_trash(runs[0].path)
    shutil.rmtree(runs[2].path)
    assert [row.path for row in list_rows(tmp_path)] == [runs[1].path]
    assert len(IndexFile.of(tmp_path).load()) == 1


def test_a_run_that_cannot_be_read_says_why(runs: list[Run], tmp_path: Path) -> None:
    runs[0].journal.write_text("nonsense\n" * 2)
    (runs[1].path / "experiment.toml").write_text("[task]\nmodulus = 1\n")
    for _ in range(2):
        first, second, third = list_rows(tmp_path)
        assert first.problem == f"{runs[0].journal}, line 1, is not a record: the journal was edited or damaged"
        assert "task.modulus must be" in second.problem
        assert (first.state, first.preset, third.problem) == ("unknown", "tiny", "")


def test_a_run_that_has_lost_its_journal_says_so(runs: list[Run], tmp_path: Path) -> None:
    runs[0].journal.write_text("")
    (runs[0].checkpoints / checkpointed(5).file).touch()
    problem = f"{runs[0].journal} is empty or damaged, but there are checkpoints up to step 5: "
    assert list_rows(tmp_path)[0].problem.startswith(problem)
    with pytest.raises(CheckpointError, match="is empty or damaged"):
        summary_of(runs[0], as_json=False)


def test_a_run_that_could_not_be_read_is_tried_again(
    runs: list[Run], tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Skim:
        raise CheckpointError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(Skim, "of", fail)
        assert {row.problem for row in list_rows(tmp_path)} == {"the disk is gone"}
    assert [row.problem for row in list_rows(tmp_path)] == [""] * len(runs)
    read()
    list_rows(tmp_path)
    assert read() == []


@pytest.fixture
def listed(runs: list[Run], tmp_path: Path) -> list[RunRow]:
    """What is listed with an index in place."""
    assert len(runs) == 3
    return list_rows(tmp_path)


def _rows_of_nonsense(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE runs SET entry = '[1]'")


def _other_values(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE runs SET entry = replace(entry, 'first', 'worst')")
        database.execute("UPDATE bases SET settings = replace(settings, 'adamw', 'x')")


@pytest.mark.parametrize(
    "damage",
    [
        Path.unlink,
        lambda path: path.write_bytes(b"no database" * 99),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\0" * 20000),
        lambda path: path.write_bytes(b""),
        _rows_of_nonsense,
        _other_values,
    ],
)
def test_an_index_that_is_missing_or_damaged_is_built_again(
    listed: list[RunRow], tmp_path: Path, read: Read, damage: Callable[[Path], object]
) -> None:
    damage(IndexFile.of(tmp_path).path)
    assert list_rows(tmp_path) == listed
    assert len(read()) == 3
    assert list_rows(tmp_path) == listed
    assert read() == []


@pytest.mark.skipif(sys.platform != "linux", reason="where names of folders are any bytes")
def test_a_run_whose_name_is_no_text_is_listed_beside_the_others(runs: list[Run], tmp_path: Path, read: Read) -> None:
    os.rename(os.fsencode(runs[0].path), os.fsencode(tmp_path) + b"/odd-\xff")  # noqa: PTH104 - of bytes
    for n_read in (3, 1):
        assert [row.name for row in list_rows(tmp_path)].count(os.fsdecode(b"odd-\xff")) == 1
        assert len(read()) == n_read


def test_an_index_that_is_locked_is_done_without(listed: list[RunRow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_file, "PATIENCE", 0.01)
    with closing(sqlite3.connect(IndexFile.of(tmp_path).path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert list_rows(tmp_path) == listed


def test_what_another_version_has_read_is_read_again(
    listed: list[RunRow], tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_file, "code_version", lambda: 7)
    assert list_rows(tmp_path) == listed
    assert len(read()) == 3


def test_a_folder_that_cannot_be_written_has_its_index_in_the_cache(
    runs: list[Run], tmp_path: Path, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for n_read in (len(runs), 0):
        assert len(list_rows(tmp_path)) == len(runs)
        assert len(read()) == n_read
    assert not (tmp_path / index_file.NAME).exists()


def test_no_index_at_all_is_no_error(runs: list[Run], tmp_path: Path) -> None:
    (tmp_path / index_file.NAME).mkdir()
    assert len(list_rows(tmp_path)) == len(runs)


def test_a_folder_that_does_not_exist_holds_no_runs_and_is_not_made(tmp_path: Path) -> None:
    assert list_rows(tmp_path / "nowhere") == []
    assert not (tmp_path / "nowhere").exists()
    (tmp_path / "empty").mkdir()
    assert list_rows(tmp_path / "empty") == []
    assert list(tmp_path.joinpath("empty").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="cannot be read: Not a directory"):
        list_rows(tmp_path / "file")


def test_an_ensemble_is_listed_by_its_means(tiny: Experiment, tmp_path: Path) -> None:
    run = create_run(tmp_path, changed(tiny, "training.members=2"), "tiny", {})
    both = evaluated(10).model_copy(update={"members": {"val_loss": (0.25, 0.75), "val_accuracy": (0.0, 0.5)}})
    write(run, started(seeds=(0, 1)), both, acted(10, Swap(seed=3)))
    (row,) = list_rows(tmp_path)
    assert (row.members, row.val_loss, row.step) == (2, 0.5, 10)


def test_a_branch_names_its_parent(runs: list[Run], tmp_path: Path) -> None:
    write(runs[2], started(), evaluated(5), Branched(step=5, parent="first", path=str(runs[0].path)), started(5))
    assert [row.parent for row in list_rows(tmp_path)] == ["", "", "first@5"]


def test_progress_is_told(runs: list[Run], tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    list_rows(tmp_path, lambda *n: told.append(n))
    assert told == [(1, 3), (2, 3), (3, 3)]
    list_rows(tmp_path, lambda *n: told.append(n))
    assert len(told) == len(runs)


def test_what_the_index_knows_is_shown_before_the_folder_is_read(runs: list[Run], tmp_path: Path, read: Read) -> None:
    before = list_rows(tmp_path)
    write(runs[1], evaluated(10))
    shutil.rmtree(runs[2].path)
    read()
    shown: list[tuple[list[RunRow], list[str]]] = []
    after = RunIndex(tmp_path).rows(show=lambda rows: shown.append((rows, read())))
    assert shown == [(before[:2], [])]
    assert [row.step for row in after] == [60, 10]
    assert read() == ["second"]


def test_a_long_reading_shows_and_saves_what_it_has_found_the_newest_first(
    runs: list[Run], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index, "SHOW_SECONDS", -1)
    for number, run in enumerate(runs):
        os.utime(run.path / "experiment.toml", (1e9 + number, 1e9 + number))
    shown: list[list[str]] = []
    saved: list[int] = []

    def show(rows: list[RunRow]) -> None:
        shown.append([row.name for row in rows])
        saved.append(len(IndexFile.of(tmp_path).load()))

    RunIndex(tmp_path).rows(show=show)
    names = [run.name for run in runs]
    assert shown == [names[2:], names[1:], names]
    assert saved == [1, 2, 3]
