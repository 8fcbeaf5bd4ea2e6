"""Some cells of the matrix: that the harness finds what is lost, and that nothing is."""

import subprocess
import sys
from pathlib import Path

import pytest

from grokterm.runs.storage import durable
from tests.benchmarks.crashes.cells import crashes, refusals
from tests.benchmarks.crashes.disk import Fault


@pytest.mark.parametrize(
    ("scene", "every"),
    [("run", 17), ("resume", 15), ("notes", 2), ("trash", 5), ("settings", 4), ("define", 4), ("parcel", 13), ("lease", 2)],
)
def test_nothing_is_lost_whether_the_process_is_killed_or_the_power_is_cut(scene: str, every: int) -> None:
    cells = list(crashes(scene, every=every))
    assert len(cells) > 5
    assert not [cell for cell in cells if cell.problem]


@pytest.mark.parametrize("fault", ["full", "full for good", "read-only", "gone"])
def test_nothing_is_lost_where_the_disk_refuses(fault: Fault) -> None:
    cells = [*refusals("notes", [fault], 3), *refusals("run", [fault], 25)]
    assert len(cells) > 5
    assert not [cell for cell in cells if cell.problem]


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and kills what it has forked")
def test_the_command_prints_the_matrix() -> None:
    command = [sys.executable, str(Path(__file__).with_name("crash_matrix.py")), "--only", "notes", "--every", "4"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert lines[0].split()[:4] == ["change", "killed", "power", "cut"]
    assert "one sweep on two hosts: holds" in lines
    assert lines[-1].split(" in ")[0] == "23 disturbances, 9 checks, 0 lost,"


@pytest.mark.parametrize(("scene", "call"), [("settings", "sync_folder"), ("notes", "sync_folder")])
def test_the_matrix_shows_a_name_that_is_not_synced(scene: str, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable, call, lambda _: None)
    assert [cell for cell in crashes(scene) if cell.problem]


def test_the_matrix_shows_a_content_that_is_not_synced(monkeypatch: pytest.MonkeyPatch) -> None:
    write_new = durable._write_new
    monkeypatch.setattr(durable, "_write_new", lambda path, content, **_: write_new(path, content, is_durable=False))
    assert [cell for cell in crashes("settings") if cell.problem]


def test_the_matrix_shows_a_file_that_is_written_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def in_place(path: Path, content: bytes, **_: bool) -> None:
        if not path.exists():
            durable.create(path)
        durable.append(path, content, 0)

    monkeypatch.setattr(durable, "_replace", in_place)
    assert [cell for cell in crashes("notes", ["killed"]) if cell.problem]
