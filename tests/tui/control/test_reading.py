from pathlib import Path

import pytest

from grokterm.tui.control import reading
from grokterm.tui.control.reading import REST_SECONDS, Reading, RunReader
from tests.tui.saved_runs import made_run


def read(reader: RunReader) -> list[Reading]:
    told: list[Reading] = []
    reader.read(told.append)
    return told


def test_the_rows_of_the_index_are_told_first_and_the_same_ones_again_if_they_were_right() -> None:
    made_run("one")
    (built,) = read(RunReader(Path("runs")))
    reader = RunReader(Path("runs"))
    known, checked = read(reader)
    assert known.rest is None
    assert known.rows == built.rows
    assert checked.rest is not None
    assert checked.rest >= REST_SECONDS[0]
    assert checked.rows is known.rows
    made_run("two")
    (later,) = read(reader)
    assert len(later.rows) == 2


def test_after_a_long_reading_a_new_run_is_seen_in_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "SHARE_OF_TIME", 1e-9)
    (told,) = read(RunReader(Path("runs")))
    assert told.rest == REST_SECONDS[1]


def test_a_folder_that_cannot_be_read_is_told_and_read_again(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (told,) = read(RunReader(tmp_path / "file"))
    assert "cannot be read: Not a directory" in told.problem
    assert told.rest == REST_SECONDS[0]
