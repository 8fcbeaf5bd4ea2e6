"""What is exported."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from grokterm.runs.store import Run
    from grokterm.training.trainer import Trainer

ReplayMember: TypeAlias = "Callable[[Run, int, int], Trainer]"
"""Brings back the trainer of a run at a step, of an ensemble that of the member with this number."""


@dataclass(frozen=True)
class Source:
    """A run, and how its networks are brought back."""

    run: "Run"
    replay: ReplayMember
    step: str = ""
    """That of networks: a number, `last`, a milestone, or of nothing that of the newest checkpoint."""


def beside(path: Path, name: str) -> Path:
    """Name another file of the same export: `quick.csv`, `quick-events.csv`."""
    return path.with_name(f"{path.stem}-{name}{path.suffix}")
