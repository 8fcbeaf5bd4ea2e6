"""What the network is asked to make small."""

from typing import Literal

from grokterm.experiment.settings import Settings


class Loss(Settings):
    """What the network is asked to make small."""

    kind: Literal["mse", "cross_entropy"] = "mse"
    """mse: mean over batch and classes against one-hot answers; cross_entropy: mean over the batch, in nats."""
