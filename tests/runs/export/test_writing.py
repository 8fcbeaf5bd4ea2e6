"""An export is there whole or not at all, and never in place of something else."""

from pathlib import Path

import pytest

from grokterm.errors import ConfigError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.export.source import Source, beside
from grokterm.runs.export.table import Format
from grokterm.runs.export.writing import export
from grokterm.runs.storage.making import create_run
from tests.runs.export.conftest import replay_to


@pytest.fixture
def source(tiny: Experiment, tmp_path: Path) -> Source:
    return Source(create_run(tmp_path / "runs", tiny, "tiny", {}), replay_to)


def _two_files(_: Source, path: Path) -> None:
    path.write_text("first")
    beside(path, "events").write_text("second")


def _folder(_: Source, path: Path) -> None:
    (path / "inner").mkdir(parents=True)
    (path / "inner" / "file").write_text("inside")


def _failing(_: Source, path: Path) -> None:
    path.write_text("half")
    raise OSError(28, "No space left on device")


FILES, FOLDER, FAILING = Format(_two_files, ".txt"), Format(_folder, "-x"), Format(_failing, ".txt")


def test_all_files_are_put_beside_one_another(source: Source, tmp_path: Path) -> None:
    made = export(source, FILES, tmp_path / "x.y.txt", may_overwrite=False)
    assert [path.name for path in made] == ["x.y.txt", "x.y-events.txt"]
    assert [path.read_text() for path in made] == ["first", "second"]


def test_what_fails_leaves_nothing_and_keeps_what_was_there(source: Source, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("before")
    names = set(tmp_path.iterdir())
    with pytest.raises(StorageError, match=r"x\.txt cannot be written: No space left on device: .* --out"):
        export(source, FAILING, tmp_path / "x.txt", may_overwrite=True)
    assert (tmp_path / "x.txt").read_text() == "before"
    assert set(tmp_path.iterdir()) == names


@pytest.mark.parametrize("name", ["x.txt", "x-events.txt"])
def test_a_file_is_overwritten_only_if_that_is_said(name: str, source: Source, tmp_path: Path) -> None:
    (tmp_path / name).write_text("before")
    with pytest.raises(ConfigError, match=rf"{name} exists: .*--force"):
        export(source, FILES, tmp_path / "x.txt", may_overwrite=False)
    assert (tmp_path / name).read_text() == "before"
    export(source, FILES, tmp_path / "x.txt", may_overwrite=True)
    assert (tmp_path / name).read_text() in ("first", "second")


def test_a_folder_gives_way_to_another_export_only(source: Source, tmp_path: Path) -> None:
    export(source, FOLDER, tmp_path / "x", may_overwrite=False)
    with pytest.raises(ConfigError, match=r"x exists: .*--force"):
        export(source, FOLDER, tmp_path / "x", may_overwrite=False)
    (tmp_path / "x" / "old").write_text("")
    export(source, FOLDER, tmp_path / "x", may_overwrite=True)
    assert {path.name for path in (tmp_path / "x").iterdir()} == {"inner", "grokterm-export.json"}
    for kind in (FOLDER, FILES):
        with pytest.raises(ConfigError, match="is a folder, and no export"):
            export(source, kind, source.run.path, may_overwrite=True)
    assert source.run.journal.exists()
    assert not list(tmp_path.glob(".*"))


def test_a_place_that_does_not_exist_is_named(source: Source, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"nowhere/x\.txt cannot be written: No such file or directory"):
        export(source, FILES, tmp_path / "nowhere" / "x.txt", may_overwrite=False)
