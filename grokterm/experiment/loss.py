"""The loss that training minimizes.

To add one, name it in LOSS_NAMES and write its row in `grokterm.optim.losses`, which loads torch.
"""

from typing import Annotated, Literal

from grokterm.experiment.settings import KeyOf, Settings

LOSS_NAMES = ["mse", "cross_entropy", "softmax_mse", "stablemax"]


class Loss(Settings):
    """The loss that training minimizes."""

    kind: Annotated[str, KeyOf(LOSS_NAMES)] = "mse"
    """mse and softmax_mse: mean over batch and classes against one-hot answers; cross_entropy and stablemax: in nats."""

    precision: Literal["float32", "float64"] = "float32"
    """The numbers it is computed in: cross-entropy saturates in float32 once every answer is right."""
