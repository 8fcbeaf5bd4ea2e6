"""The weights of a network with one hidden layer, over residues."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class Blocks:
    """The weight matrices of the first operand, the second operand and the readout."""

    first: Float[np.ndarray, "residues neurons"]
    second: Float[np.ndarray, "residues neurons"]
    answer: Float[np.ndarray, "residues neurons"]
