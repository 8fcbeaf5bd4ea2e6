"""How a trainer comes to be."""

from collections.abc import Mapping

from grokterm.engines.device import minding_memory
from grokterm.errors import ConfigError, OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.models.mixture import MixturePart
from grokterm.training.trainer import Trainer


def make_trainer(
    experiment: Experiment, *, threads: int | None = None, parts: Mapping[str, MixturePart] | None = None
) -> Trainer:
    """Make a trainer.

    Raises:
        ConfigError: if this machine does not have the device, or not enough memory.
    """
    try:
        with minding_memory():
            return Trainer(experiment, threads=threads, parts=parts)
    except OutOfMemoryError:
        members = "training.members, " if experiment.training.members > 1 else ""
        raise ConfigError(
            f"device {experiment.device} has not enough memory for {experiment.model.label}: lower {members}its width or the"
            " modulus"
        ) from None
