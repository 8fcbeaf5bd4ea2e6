"""The networks, one row each.

To add one: a file, a row here, and a settings class in grokterm.experiment.model.
"""

from grokterm.experiment.model import Model
from grokterm.models.mlp import MLP

ARCHITECTURES: dict[str, type[MLP]] = {"mlp": MLP}


def build(settings: Model, modulus: int, seed: int) -> MLP:
    """Build a network with its initial weights, drawn on the host so that they are the same on every device."""
    return ARCHITECTURES[settings.architecture](settings, modulus, seed)
