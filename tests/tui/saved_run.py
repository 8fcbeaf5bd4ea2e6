"""A saved run that is the same on every machine: the exact network, with curves as a grokking network has them."""

import json
from math import exp
from pathlib import Path
from typing import Any

from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from tests.tui.driving import only_run

EXACT = """
title = "The exact solution"
source = "Gromov 2023, arXiv:2301.02679, Eq. 10"
device = "cpu"
[task]
modulus = 23
train_fraction = 0.6
[model]
architecture = "mlp"
width = 132
initialization = "analytic"
[loss]
kind = "mse"
[optimizer]
kind = "gd"
learning_rate = 1e-30
[training]
steps = 2000
evaluate_every = 10
[[interventions]]
at_step = 1500
swap = { train_fraction = 0.5 }
"""
"""The rate is so small that no weight ever changes."""

MEMORIZED, GROKKED = 100, 800


def saved_run(folder: Path) -> Run:
    """Save a run whose name, times and curves are fixed."""
    session = start_session(Experiment.from_toml(EXACT), folder, "exact")
    for _ in session.records():
        pass
    written = only_run(folder)
    run = Run(written.path.rename(folder / "exact"))
    lines = [one for line in run.journal.read_text().splitlines() for one in _unpacked(json.loads(line))]
    run.journal.write_text("".join(f"{json.dumps(line)}\n" for line in _as_grokked(lines)))
    return run


def _unpacked(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Give every evaluation a line of its own."""
    if line["record"] != "evaluations":
        return [line]
    columns = {name: values for name, values in line.items() if isinstance(values, list)}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return [{"time": line["time"], "record": "evaluated", **row} for row in rows]


def _as_grokked(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace what was measured, and when, by the curves of a network that memorizes first."""
    told: list[dict[str, Any]] = []
    for line in lines:
        step = line["step"]
        if line["record"] == "reached" or "steps_per_second" in line:
            continue
        if line["record"] == "evaluated":
            line |= _measured(step)
        told.append(line | ({"seconds": step / 1000} if "seconds" in line else {}))
        if line["record"] == "evaluated" and step in (MEMORIZED, GROKKED):
            told.append({"record": "reached", "step": step, "milestone": "memorized" if step == MEMORIZED else "grokked"})
    return told


def _measured(step: int) -> dict[str, float]:
    train, val = (1 / (1 + exp((late - step) / width)) for late, width in ((50, 10), (700, 20)))
    return {
        "train_accuracy": train,
        "val_accuracy": val,
        "train_loss": 0.1 * exp(-step / 100) + 1e-6,
        "val_loss": 0.1 * (1 + 0.3 * exp(-(((step - 300) / 200) ** 2))) * (1 - val) + 1e-4,
        "parameter_norm": 30.0 - step / 200,
    }
