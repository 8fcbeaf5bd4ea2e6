"""Damaged files of every kind are refused in a line, or read as something valid, and do nothing else."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from grokterm.errors import GroktermError
from tests.fuzzing.campaign import campaign, fault_of, inputs, shared_out, shrunk
from tests.fuzzing.kinds import KINDS, Kind
from tests.fuzzing.watching import Watch

SHARES = shared_out(10_000)


@pytest.fixture(scope="session")
def watch() -> Watch:
    return Watch()


@pytest.mark.parametrize("name", KINDS)
def test_no_damaged_file_does_harm(name: str, tmp_path: Path, watch: Watch) -> None:
    count = campaign(name, SHARES[name], tmp_path, watch)
    assert not count.faults
    assert count.valid + count.refused == count.inputs > 0


@pytest.mark.parametrize("name", KINDS)
def test_what_is_damaged_is_good_before(name: str, tmp_path: Path, watch: Watch) -> None:
    first = KINDS[name].good[0]
    assert fault_of(KINDS[name], first, tmp_path, watch) == "valid"
    assert inputs(KINDS[name], 3)() == inputs(KINDS[name], 3)()


def _loop() -> None:
    while True:
        pass


MISDEEDS: dict[str, Callable[[], object]] = {
    "ValueError at ?": lambda: int("x"),
    "longer than 0.05 s": _loop,
    "MB of memory for": lambda: bytearray(2**24),
    "exec <code": lambda: eval("1"),
    "subprocess.Popen": lambda: subprocess.run(["true"], check=True),
    "open /": lambda: Path("outside").touch(),
    "os.remove /": lambda: Path("/no/such/file").unlink(missing_ok=True),
    "sqlite3.connect /": lambda: sqlite3.connect("/no/such/file.sqlite"),
}


@pytest.mark.parametrize("seen", MISDEEDS)
def test_every_misdeed_is_seen(seen: str, tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzzing.watching.SECONDS", 0.05)

    def read(_: bytes, __: Path) -> None:
        with suppress(GroktermError, sqlite3.Error):
            MISDEEDS[seen]()

    (folder := tmp_path / "below").mkdir()
    assert seen in fault_of(Kind("json", (b"",), read), b"", folder, watch, measures_memory=True)


def test_a_faulty_file_is_made_small(tmp_path: Path, watch: Watch) -> None:
    def read(content: bytes, _: Path) -> None:
        assert b"x" not in content

    assert shrunk(Kind("json", (b"",), read), b"a" * 100 + b"xyz" + b"b" * 50, tmp_path, watch) == b"x"


def test_a_campaign_finds_what_is_there_to_find(tmp_path: Path, watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["grokterm.runs.listing.annotations"], "parse_object", lambda _: {"tags": [1][5]})
    assert campaign("notes", 5, tmp_path, watch).n_faulty == 5
