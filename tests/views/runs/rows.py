"""Rows of runs that never were."""

from pathlib import Path
from typing import Any

from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import Around

NOW = 2_000_000_000.0


def row(name: str = "quick-20261129-052055", **known: Any) -> RunRow:  # noqa: ANN401 - any field
    """Return a run that has grokked an hour ago, but for what is said of it."""
    usual: dict[str, Any] = {
        "path": Path("runs") / name,
        "created": NOW - 3600,
        "preset": "quick",
        "title": "Quick",
        "operation": "add",
        "architecture": "mlp",
        "optimizer": "adamw",
        "train_fraction": 0.4,
        "memorized_at": 19,
        "grokked_at": 40,
        "train_accuracy": 1.0,
        "val_accuracy": 0.9984,
        "step": 200,
        "steps": 200,
        "state": "ended",
        "ended": "complete",
    }
    return RunRow(name, **{**usual, **known})


def around(palette: PaletteName = "256", **known: Any) -> Around:  # noqa: ANN401 - any field
    """Return what cells depend on, at a fixed time."""
    return Around(PALETTES[palette], **{"now": NOW, "longest": 1000, **known})
