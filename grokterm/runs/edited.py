"""Whether a run's settings are those it was trained with: experiment.toml is a text, and may have been edited by hand."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.files import FILE_SETTINGS
from grokterm.runs.checkpoint import recorded_settings
from grokterm.runs.store import Run

COMPARED = ("task", "model", "loss", "optimizer")

MAY_DIFFER = {
    "optimizer.schedule_steps",  # a number where a run goes on, "all" before
    *(f"{section}.{name}" for section, name in FILE_SETTINGS),  # of a folder that was moved; the hash stays
}


def check_unedited(run: Run, checkpoint: Path, experiment: Experiment) -> None:
    """Check whether a checkpoint was trained with these settings of its run, as they were at its step.

    What only one of the two has is left out: a setting may be newer than the checkpoint.

    Raises:
        ConfigError: if another value was written into experiment.toml since.
        CheckpointError: if the checkpoint cannot be read.
    """
    settings = experiment.settings() | {"seed": run.experiment.seed}  # a member of an ensemble has one of its own
    then, now = (dict(_flat(given)) for given in (recorded_settings(checkpoint), settings))
    for name in now:
        if name in then and then[name] != now[name] and name not in MAY_DIFFER:
            was, says = json.dumps(then[name]), json.dumps(now[name])
            raise ConfigError(
                f"run {run.name} was trained with {name} = {was}, and its experiment.toml says {says}:"
                f" write {was} there again, or start a new run"
            )


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "seed", settings.get("seed")
    for section in COMPARED:
        values = json.loads(json.dumps(settings.get(section)))  # as a checkpoint has them
        if isinstance(values, dict):  # not so in one that is damaged
            yield from ((f"{section}.{name}", value) for name, value in values.items())
