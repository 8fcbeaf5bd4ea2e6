"""Checkpoints: safetensors files, no pickle."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from grokterm.errors import CheckpointError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.storage.durable import write_durably
from grokterm.runs.storage.unwritable import unwritable
from grokterm.runs.thinning import checkpoint_name


def save_checkpoint(folder: Path, step: int, tensors: Mapping[str, Tensor], experiment: Experiment) -> str:
    """Write the tensors of one step, and the settings; return the file's name.

    Raises:
        StorageError: if the write fails; an older checkpoint of the same step stays intact.
    """
    name = checkpoint_name(step)
    try:
        write_durably(folder / name, checkpoint_content(step, tensors, experiment))
    except OSError as error:
        raise unwritable(folder / name, error) from None
    return name


def checkpoint_content(step: int, tensors: Mapping[str, Tensor], experiment: Experiment) -> bytes:
    """Return a checkpoint as the bytes of a file."""
    on_cpu = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
    return save(on_cpu, {"step": str(step), "settings": json.dumps(experiment.settings())})


def load_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a checkpoint.

    Raises:
        CheckpointError: if the file is missing, truncated or not a checkpoint.
    """
    with _opened(path) as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict


def recorded_settings(path: Path) -> dict[str, Any]:
    """Read the settings that a checkpoint was trained with, as they were at its step; empty if it has none.

    Raises:
        CheckpointError: as `load_checkpoint`.
    """
    with _opened(path) as file:
        text = (file.metadata() or {}).get("settings", "{}")
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    return settings if isinstance(settings, dict) else {}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:  # what safetensors opens has no type
    try:
        with safe_open(path, framework="pt") as file:
            yield file
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: Exception) -> CheckpointError:
    return CheckpointError(f"checkpoint {path} cannot be read ({error}): delete it to go on from the one before")
