"""Numpy copies of a network, made on request only."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Shaped

from grokterm.analysis.blocks import Blocks
from grokterm.models.layers import RESIDUES
from grokterm.tasks.dataset import Dataset

if TYPE_CHECKING:  # the screen reads snapshots without loading torch
    from grokterm.models.layers import Layer
    from grokterm.models.network import Network
    from grokterm.optim.rules import Weights


@dataclass(frozen=True)
class LayerPicture:
    """One weight matrix, one column a neuron."""

    label: str
    weights: Float[np.ndarray, "rows neurons"]
    rows: str
    """What the rows are."""

    transposed: bool = False
    """The network stores it with a row a neuron."""

    @property
    def over_residues(self) -> bool:
        """The rows are the residues of the task, so the matrix has a spectrum."""
        return self.rows == RESIDUES


@dataclass(frozen=True)
class Snapshot:
    """A network at one step, and its dataset then."""

    step: int
    layers: Mapping[str, LayerPicture]
    """The weight matrices, without the rows of tokens that are not residues."""

    parameters: Mapping[str, Shaped[np.ndarray, "..."]]
    """Every parameter, as the network holds it."""

    statistics: Mapping[str, Shaped[np.ndarray, "..."]]
    """The buffers that evaluation needs as well."""

    dataset: Dataset
    circuit: tuple[str, str, str] | None
    """The layers that read the first operand, the second, and answer, where nothing but one φ lies between them."""

    @property
    def has_tied_operands(self) -> bool:
        """Whether both operands share their weights."""
        return self.circuit is not None and self.circuit[0] == self.circuit[1]

    @property
    def blocks(self) -> Blocks | None:
        """The three matrices of a network with one hidden layer; None for any other."""
        return None if self.circuit is None else Blocks(*(self.layers[name].weights for name in self.circuit))

    def with_blocks(self, blocks: Blocks) -> "Snapshot":
        """Replace the three matrices of a network with one hidden layer; operands that share theirs get the first's."""
        if self.circuit is None:
            raise ValueError("only a network with one hidden layer has blocks")
        first, second, answer = self.circuit
        exchanged = {second: blocks.second, first: blocks.first, answer: blocks.answer}
        layers = {name: replace(self.layers[name], weights=matrix) for name, matrix in exchanged.items()}
        stored = {name: matrix.T if self.layers[name].transposed else matrix for name, matrix in exchanged.items()}
        return replace(self, layers={**self.layers, **layers}, parameters={**self.parameters, **stored})


def take_snapshot(step: int, network: "Network", parameters: "Weights", statistics: "Weights", dataset: Dataset) -> Snapshot:
    """Copy a network to the host."""
    copies = _copies(parameters)
    layers = {layer.parameter: picture_of(layer, copies[layer.parameter], dataset.n_elements) for layer in network.layers}
    return Snapshot(step, layers, copies, _copies(statistics), dataset, network.circuit)


def _copies(tensors: "Weights") -> dict[str, np.ndarray]:
    # Copied, because on a CPU .cpu() and .numpy() share the memory that the next step updates; numpy has no bfloat16.
    finer = {name: value.float() if value.element_size() < 4 else value for name, value in tensors.items()}
    return {name: value.cpu().numpy().copy() for name, value in finer.items()}


def picture_of(layer: "Layer", weights: Float[np.ndarray, "_ _"], n_elements: int) -> LayerPicture:
    """Show a parameter: without the rows of tokens that are not residues, one column a neuron."""
    looked_at = weights.T if layer.transposed else weights
    shown = looked_at[:n_elements] if layer.rows == RESIDUES else looked_at
    return LayerPicture(layer.label, shown, layer.rows, layer.transposed)
