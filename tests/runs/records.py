"""Records with everything filled in that a test does not care about."""

from pathlib import Path

from grokterm.experiment.interventions import Action
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.packing import unpacked
from grokterm.experiment.recording.records import Acted, Checkpointed, Finished, Record, Started
from grokterm.runs.journal import read_journal


def journaled(path: Path) -> list[Record]:
    """Read a journal, every evaluation by itself."""
    return list(unpacked(read_journal(path)))


def started(step: int = 0, **changed: object) -> Started:
    facts: dict[str, object] = {"device": "cpu", "engine": "eager", "threads": 1, "n_parameters": 9, "n_train": 6, "n_val": 4}
    return Started.model_validate({"step": step} | facts | changed)


def evaluated(step: int, *, train_loss: float = 0.5, val_loss: float = 0.5, val_accuracy: float = 0.0) -> Evaluated:
    return Evaluated(step=step, train_loss=train_loss, val_loss=val_loss, train_accuracy=0.25, val_accuracy=val_accuracy)


def checkpointed(step: int, seconds: float = 1.0) -> Checkpointed:
    return Checkpointed(step=step, file=f"step-{step:08d}.safetensors", seconds=seconds)


def acted(step: int, action: Action, n_train: int = 6, n_val: int = 4, n_seen: int = 0) -> Acted:
    return Acted(step=step, action=action, n_train=n_train, n_val=n_val, n_seen=n_seen)


def finished(step: int, reason: str = "complete", seconds: float = 2.0) -> Finished:
    return Finished.model_validate({"step": step, "reason": reason, "seconds": seconds})
