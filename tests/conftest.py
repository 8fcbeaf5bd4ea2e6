"""Shapes and types at public boundaries are checked while tests run; tiny experiments that train in under a second."""

import gc
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as `grokterm` does, which some tests start, before numpy is loaded
os.environ.pop("COLUMNS", None)  # which pytest-xdist sets, and what is printed into a pipe goes by
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or else each process that a test starts would compile grokterm

import hypothesis
import pytest

from grokterm.runs.command_line import USUAL
from tests.checking import check

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # which nohup lets tests, and what they start, ignore

gc.disable()  # until all tests are imported, of which nothing is garbage

# How long examples take, to run or to draw, says more of the machine than of them.
hypothesis.settings.register_profile("patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("patient")

check(
    "grokterm.tasks",
    "grokterm.analysis",
    "grokterm.plots",
    "grokterm.models",
    "grokterm.optim",
    "grokterm.engines",
    "grokterm.inspection",
    "grokterm.training",
    "grokterm.bench",
)

from grokterm.experiment.experiment import Experiment  # noqa: E402 - after this, so that it is checked too

pytest_plugins = ["tests.training.fixtures", "tests.verified"]

TINY = """
title = "Tiny"
[task]
modulus = 11
train_fraction = 0.6
[model]
architecture = "mlp"
width = 32
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
weight_decay = 1.0
[training]
steps = 60
evaluate_every = 5
"""

GROKKING = """
title = "Grokking"
[task]
modulus = 23
train_fraction = 0.7
[model]
architecture = "mlp"
width = 128
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
weight_decay = 3.0
betas = [0.9, 0.98]
[training]
steps = 100
evaluate_every = 2
"""
"""Memorizes at steps 18 to 22, groks at 48 to 56 (seeds 0 to 2)."""


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Collect garbage again, but not among what was imported; so does the process that distributes the tests."""
    gc.freeze()
    gc.enable()


@pytest.fixture
def tiny() -> Experiment:
    """An experiment that trains in a fraction of a second."""
    return Experiment.from_toml(TINY)


@pytest.fixture
def grokking() -> Experiment:
    """An experiment that memorizes and then groks, in a fraction of a second."""
    return Experiment.from_toml(GROKKING)


@pytest.fixture(scope="session")
def runtime_directory() -> Iterator[Path]:
    """Where sockets lie: a path so short that they can."""
    with tempfile.TemporaryDirectory(prefix="g-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, runtime_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's presets, preferences and trainings, or leaves a run behind."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime_directory))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("GROKTERM_CONFIG_DIR", str(tmp_path / "config"))
    for variable in ("GROKTERM_RUNS_DIR", USUAL):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture(autouse=True)
def _not_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for the disk: what a power cut leaves is simulated, in tests/benchmarks/crashes."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
