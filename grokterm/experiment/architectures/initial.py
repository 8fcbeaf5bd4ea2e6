"""Settings of the initial weights, shared by all networks that have weights of their own."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from grokterm.experiment.reading.files import hashes
from grokterm.experiment.settings import Settings


class InitialWeights(Settings):
    """A network whose initial weights can be scaled or drawn otherwise."""

    init_scale: float = Field(1.0, gt=0)
    """α: multiplies every initial parameter, biases and gains too (Liu 2022, Omnigrok)."""

    init_std: Literal["auto"] | Annotated[float, Field(gt=0)] = "auto"
    """Standard deviation of all initial matrices, normal, with biases 0; "auto": as the network's own initialization."""

    start_from: str = ""
    """A run whose weights to begin with, of its end or as RUN@STEP, or a .safetensors file; empty for none."""

    start_from_sha256: str = ""
    """The hash of that file, filled in when it is read."""

    @model_validator(mode="after")
    def _weights_are_read(self) -> Self:
        vars(self).update(hashes("model", vars(self)))  # frozen, but not handed out yet
        if self.start_from and self.init_std != "auto":
            raise ValueError(f"init_std {self.init_std:g} draws weights, and start_from brings them: leave one out")
        return self
