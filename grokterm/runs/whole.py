"""The mixture that a run is a part of: kept in its folder when another process is to go on with both."""

import json

from grokterm.errors import CheckpointError, StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.json_object import parse_object
from grokterm.runs.naming import Named
from grokterm.runs.storage.durable import write_durably
from grokterm.runs.store import Run

WHOLE = "whole.json"


def keep_whole(part: Run, whole: Named) -> None:
    """Write down what is to be trained after a part.

    Raises:
        StorageError: if the folder of the part cannot be written.
    """
    content = {"preset": whole.preset, "name": whole.name, "settings": whole.experiment.settings()}
    try:
        write_durably(part.path / WHOLE, json.dumps(content).encode())
    except OSError as error:
        raise StorageError(f"{part.path / WHOLE} cannot be written: {error.strerror}") from None


def read_whole(part: Run) -> Named:
    """Read what is to be trained after a part.

    Raises:
        CheckpointError: if that was not written down.
        ConfigError: if a file that it names has changed.
    """
    try:
        content = parse_object((part.path / WHOLE).read_bytes())
        settings, preset, name = content["settings"], content["preset"], content["name"]
    except (OSError, ValueError, KeyError):
        raise CheckpointError(f"{part.path / WHOLE} does not say what run {part.name} is a part of") from None
    return Named(Experiment.from_settings(settings), preset, name)
