"""Whether a run is trained, and by which process."""

from pathlib import Path
from typing import Literal

from grokterm.experiment.recording.owner import Owner
from grokterm.runs.lock import holder_of, was_locked
from grokterm.runs.owner import Life, life

Status = Literal["training", "killed", "unknown", "ended"]

STATUS_OF_UNENDED: dict[Life, Status] = {"alive": "training", "dead": "killed", "unknown": "unknown"}


def status_of_unended(folder: Path, owner: Owner | None) -> tuple[Status, Owner | None]:
    """Tell whether a run that has not ended is trained, and by which process.

    By its lock, or where it never had one by its journal, which names this owner.
    """
    holder = holder_of(folder)
    if holder is None and was_locked(folder):
        return "killed", owner
    owner = holder or owner
    return STATUS_OF_UNENDED[life(owner) if owner else "unknown"], owner
