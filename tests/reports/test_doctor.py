"""What is said of a machine: advice where something is wrong, and no word where nothing is."""

from typing import Any

import pytest
from rich.console import Console

from grokterm.reports.doctor import advice, report

SOUND: dict[str, dict[str, Any]] = {
    "terminal": {
        "is_terminal": True, "columns": 160, "lines": 45, "colors": "256", "encoding": "utf-8", "is_silent": False,
        "round_trip_seconds": 0.02,
    },
    "tmux": {"allow_passthrough": "on", "default_terminal": "tmux-256color", "escape_time": "10"},
    "torch": {"built_for_cuda": "13.0", "devices": [{"name": "H200", "memory": 150_000_000_000}], "warnings": []},
    "folder": {
        "free_bytes": 50_000_000_000, "write_bytes_per_second": 200_000_000, "is_network": False, "filesystem": "ext4",
        "problem": "",
    },
    "environment": {"OMP_NUM_THREADS": "2"},
}  # fmt: skip


def test_there_is_no_advice_where_nothing_is_wrong_or_nothing_is_known() -> None:
    assert list(advice(SOUND)) == []
    assert list(advice({"terminal": {"is_terminal": False}, "tmux": None, "torch": {}, "folder": {}, "environment": {}})) == []


@pytest.mark.parametrize(
    ("section", "wrong", "word"),
    [
        ("terminal", {"columns": 40}, "40 x 45 cells: the lab needs 60 x 16"),
        ("terminal", {"colors": "standard"}, "few colors"),
        ("terminal", {"encoding": "ascii"}, "--ascii"),
        ("terminal", {"is_silent": True, "round_trip_seconds": None}, "--link slow"),
        ("terminal", {"round_trip_seconds": 0.5}, "answers after 0.50 s"),
        ("tmux", {"allow_passthrough": None}, "set -g allow-passthrough on"),
        ("tmux", {"default_terminal": "screen"}, "default-terminal"),
        ("tmux", {"escape_time": "500"}, "holds escape back for 500 ms"),
        ("torch", {"problem": "no module"}, "torch cannot be loaded: no module"),
        ("torch", {"devices": []}, "finds no device"),
        ("torch", {"warnings": ["driver too old"]}, "driver too old"),
        ("folder", {"free_bytes": 1_000_000_000}, "1.0 GB left"),
        ("folder", {"write_bytes_per_second": 1_000_000}, "takes 1.0 MB/s"),
        ("folder", {"is_network": True, "filesystem": "nfs4"}, "network disk (nfs4)"),
        ("folder", {"problem": "Permission denied"}, "cannot be kept there: Permission denied"),
        ("environment", {"OPENBLAS_CORETYPE": "Haswell"}, "OPENBLAS_CORETYPE is set"),
    ],
)
def test_each_fault_has_a_line_that_says_what_to_do(section: str, wrong: dict[str, Any], word: str) -> None:
    (line,) = advice({**SOUND, section: {**SOUND[section], **wrong}})
    assert word in line
    assert "\n" not in line


def test_every_fact_is_written() -> None:
    console = Console(width=100)
    with console.capture() as capture:
        console.print(report({**SOUND, "advice": ["mind this"]}))
    text = " ".join(capture.get().split())
    for words in ("columns 160", "OMP_NUM_THREADS", "name H200, memory 150.00 GB", "50.00 GB", "! mind this"):
        assert words in text
