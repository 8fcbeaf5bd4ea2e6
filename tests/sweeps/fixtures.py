"""A tiny sweep."""

from pathlib import Path
from typing import Any

from grokterm.experiment.reading.toml import parse_toml
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep

TINY = parse_toml(
    """
    [task]
    modulus = 7
    train_fraction = 0.6
    [model]
    architecture = "mlp"
    width = 8
    [optimizer]
    kind = "adamw"
    learning_rate = 1e-3
    [training]
    steps = 6
    evaluate_every = 2
    """
)

LONG = TINY | {"training": {"steps": 10_000, "evaluate_every": 1000}}
"""Long enough to be disturbed."""

TWO: dict[str, Any] = {"seeds": 2}
TWO_BY_TWO: dict[str, Any] = {"grid": {"task.train_fraction": [0.4, 0.6]}, "seeds": 2}


def tiny_sweep(folder: Path, table: dict[str, Any] = TWO_BY_TWO, settings: dict[str, Any] = TINY) -> SweepFolder:
    return keep_sweep(folder, "tiny-sweep", "tiny", settings, Sweep.from_settings(table))
