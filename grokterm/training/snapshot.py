"""Weights to look at: numpy copies, made on request only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

if TYPE_CHECKING:  # the screen reads snapshots without loading torch
    from torch import Tensor

    from grokterm.models.layers import Layer


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


def take_snapshot(step: int, layers: "Iterable[Layer]", weights: "Mapping[str, Tensor]") -> Snapshot:
    """Copy those layers to the host that the network has."""
    return Snapshot(
        step,
        {
            layer.parameter: LayerPicture(
                layer.label,
                (weights[layer.parameter].T if layer.transposed else weights[layer.parameter]).cpu().numpy().copy(),
                layer.over_residues,
            )
            for layer in layers
            if layer.parameter in weights
        },
    )
