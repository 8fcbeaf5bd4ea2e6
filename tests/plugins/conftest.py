"""Plugins are taken back after each test, and commands run in a folder of their own."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from safetensors.numpy import load

from grokterm.cli.main import main
from grokterm.experiment.loss import LOSS_NAMES
from grokterm.experiment.metrics import METRICS
from grokterm.experiment.model import MODELS
from grokterm.experiment.optimizer import OPTIMIZERS
from grokterm.inspection.metrics import NETWORK_METRICS
from grokterm.models.build import ARCHITECTURES
from grokterm.optim.losses import LOSSES
from grokterm.optim.rules import RULES
from grokterm.plugins import loading
from grokterm.plugins.registry import PROVIDED
from grokterm.tasks.operations import OPERATIONS
from grokterm.views.table import VIEWS
from tests.conftest import TINY

EXAMPLES = Path(__file__).parent / "examples"


class Said(NamedTuple):
    """What a command has said, and its exit code."""

    code: int
    out: str
    err: str


Command = Callable[..., Said]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command."""

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["grokterm", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        return Said(int(caught.value.code or 0), *capsys.readouterr())

    return run


def unload() -> None:
    """Take back what plugins have added, as in a process that has loaded none."""
    for kind, name in PROVIDED:
        TABLES[kind].pop(name)
        if kind == "metric":
            del METRICS[name]
    MODELS[:] = [model for model in MODELS if model.model_fields["architecture"].default in ARCHITECTURES]
    OPTIMIZERS[:] = [one for one in OPTIMIZERS if one.model_fields["kind"].default in (*RULES, "agop")]
    LOSS_NAMES[:] = [name for name in LOSS_NAMES if name in LOSSES]
    for memory in (PROVIDED, loading._loaded, loading._contents):
        memory.clear()
    for name in (loading.VARIABLE, loading.HASHES):
        os.environ.pop(name, None)


def weights_of(run: str) -> dict[str, bytes]:
    """The tensors of the checkpoint at step 60, bit for bit."""
    tensors = load(next(Path("runs", run, "checkpoints").glob("*60.safetensors")).read_bytes())
    return {name: tensor.tobytes() for name, tensor in tensors.items()}


TABLES: dict[str, dict[str, Any]] = {
    "operation": OPERATIONS,
    "network": ARCHITECTURES,
    "loss": LOSSES,
    "update rule": RULES,
    "metric": NETWORK_METRICS,
    "view": VIEWS,
}


@pytest.fixture(autouse=True)
def _unloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    Path("tiny.toml").write_text(TINY, encoding="utf-8")
    yield
    unload()


@pytest.fixture
def plugin(tmp_path: Path) -> Callable[[str], Path]:
    """Write a file, as a user does."""

    def write(text: str) -> Path:
        (path := tmp_path / "mine.py").write_text(text, encoding="utf-8")
        return path

    return write
