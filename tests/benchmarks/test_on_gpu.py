"""The measurements of a device, tried on a CPU with very few of them."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.gpu.report import markdown, targets

SCRIPT = Path(__file__).with_name("on_gpu.py")


def started(out: Path, only: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), "--device", "cpu", "--small", "--minutes", "10", "--out", str(out), "--only", only]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_checks_and_speeds_are_written_as_json_and_as_tables(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    with started(out, "checks: mlp, gd|speed: liu-essay × 4") as child:
        _, said = child.communicate()
    assert child.returncode == 0, said
    found = json.loads(out.read_text())
    assert found["parts"] == dict.fromkeys(["checks", "speed", "verify"], "complete")
    assert [check["outcome"] for check in found["checks"]] == ["passed", "skipped", "passed"]
    assert [(row["who"], row["members"], "training" in row) for row in found["speed"]] == [
        ("auto", 4, True),
        ("floor", 4, False),
    ]
    lines = out.with_suffix(".md").read_text().splitlines()
    assert "2 checks passed, 0 failed, 1 skipped." in lines
    assert [line.split(" | ")[:3] for line in lines if line.startswith("| `liu-essay` | ")] == [
        ["| `liu-essay`", "grokterm, fused", "4"],
        ["| `liu-essay`", "floor", "4"],
    ]


def test_a_signal_leaves_what_there_is(tmp_path: Path) -> None:
    out = tmp_path / "found.json"
    with started(out, "checks: (mlp|lstm|transformer)") as child:
        assert child.stderr is not None
        assert any("checks: {" in line for line in child.stderr)
        child.send_signal(signal.SIGTERM)
        child.communicate()
    assert child.returncode == 143
    found = json.loads(out.read_text())
    assert found["parts"] == {"checks": "interrupted"}
    assert found["checks"][0]["name"] == "mlp: fused as on a CPU"
    assert out.with_suffix(".md").read_text().startswith("Measured on cpu, torch ")


def row(preset: str, members: int, who: str, training: float, update: float) -> dict[str, object]:
    rates = {mode: {"median": rate, "low": rate, "high": rate} for mode, rate in (("training", training), ("update", update))}
    return {"preset": preset, "members": members, "who": who, "engine": "graph", "memory": None, "operations": 1e9, **rates}


@pytest.fixture
def found() -> dict[str, object]:
    speed = [
        row("liu-essay", 1, "auto", 12_000.0, 15_000.0),
        row("liu-essay", 1, "notebook", 1000.0, 2000.0),
        row("liu-essay", 1024, "auto", 400.0, 500.0),
        row("gromov-gd", 64, "auto", 100.0, 250.0),
        {"preset": "nanda", "members": 64, "who": "auto", "left_out": "its process ended"},
    ]
    verify = [
        {"preset": "nanda", "seconds": 9.0, "not_run": None, "expectations": [
            {"measure": "grokked_at", "wanted": [1.0, 2.0], "median": None, "is_met": False},
        ]},
        {"preset": "varma-memorizer", "seconds": 1.0, "not_run": "the time was up", "expectations": []},
    ]  # fmt: skip
    checks = [
        {"name": "mlp: graph as on a CPU", "outcome": "failed", "detail": ""},
        {"name": "test_device.py::test", "outcome": "passed", "detail": ""},
    ]
    about = {
        "device": "cuda:0",
        "torch": "2.13",
        "date": "today",
        "small": False,
        "parts": {"checks": "complete"},
        "flops": 2e13,
    }
    return {**about, "checks": checks, "speed": speed, "verify": verify}


def test_targets_count_the_updates_of_all_members(found: dict[str, object]) -> None:
    held = {(target.preset, target.members): (target.measured, target.is_met) for target in targets(found)}
    assert held["liu-essay", 1] == (12_000.0, True)
    assert held["liu-essay", 1024] == (409_600.0, False)
    assert held["gromov-gd", 64] == (250 * 64 * 1e9 / 2e13, True)
    assert held["nanda", 64] == (None, None)
    assert held["", 0] == (0.0, True)


def test_the_tables_say_what_was_left_out_and_what_was_not_met(found: dict[str, object]) -> None:
    text = markdown(found)
    assert "1 checks passed, 1 failed, 0 skipped: mlp: graph as on a CPU." in text
    assert "| `liu-essay` | grokterm, graph | 1 | 12,000 | 12,000 | 12.00 | 15,000 | 7.50 |" in text
    assert "left out: its process ended" in text
    assert "| `nanda` | grokked_at 1–2 | never | **not met** | 9 |" in text
    assert "not run: the time was up" in text
