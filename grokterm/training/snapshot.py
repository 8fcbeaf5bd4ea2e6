"""Weights to look at: numpy copies, made on request only."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float


@dataclass(frozen=True)
class LayerPicture:
    """One weight matrix, one column a neuron."""

    label: str
    weights: Float[np.ndarray, "rows neurons"]
    over_residues: bool
    """Its rows are the residues of the task, so that it has a spectrum."""


@dataclass(frozen=True)
class Snapshot:
    """Every layer at one step."""

    step: int
    layers: Mapping[str, LayerPicture]
