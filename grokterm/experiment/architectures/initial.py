"""Settings of the initial weights, shared by all networks that have weights of their own."""

from typing import Annotated, Literal

from pydantic import Field

from grokterm.experiment.settings import Settings


class InitialWeights(Settings):
    """A network whose initial weights can be scaled or drawn otherwise."""

    init_scale: float = Field(1.0, gt=0)
    """α: multiplies every initial parameter, biases and gains too (Liu 2022, Omnigrok); the larger, the later it groks."""

    init_std: Literal["auto"] | Annotated[float, Field(gt=0)] = "auto"
    """Standard deviation of all initial matrices, normal, with biases 0; "auto": as the network's own initialization."""
