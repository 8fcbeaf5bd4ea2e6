"""Weights in the order in which they are drawn."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.fourier import Block, key_frequencies, power, spectrum
from grokterm.analysis.ordering import Order, by_frequency, joint_order, neuron_order
from grokterm.analysis.representations import key_representations, representation_power, representation_shares
from grokterm.inspection.snapshot import Snapshot
from grokterm.session.state import LabState


@dataclass(frozen=True)
class WeightPicture:
    """A matrix in the order in which it is drawn, and its names."""

    matrix: Float[np.ndarray, "rows neurons"]
    label: str
    order: Order
    rows: str
    """What the rows are: residues, powers of a primitive root, elements of a group or neurons."""

    frequencies: Int[np.ndarray, " neurons"] | None = None
    """Of each neuron, 0 if it is not the same in the matrices that share it; None if neurons are not sorted by it."""


@dataclass(frozen=True)
class SpectrumPicture:
    """The share of a matrix's power at each frequency, or in each irreducible representation of a group."""

    shares: Float[np.ndarray, " frequencies"]
    key_frequencies: Sequence[int]
    """Those that stand out; representations are counted from 1, too."""

    of_neurons: Float[np.ndarray, "frequencies neurons"]
    """The same for each neuron by itself; neurons are sorted by their peak."""

    representations: Sequence[str] = ()
    """Their names; empty where the shares are of frequencies."""

    def name(self, number: int) -> str:
        """Return the name of a frequency or representation."""
        return self.representations[number - 1] if self.representations else str(number)


def weight_picture(snapshot: Snapshot, layer: str, order: Order, state: LabState) -> WeightPicture:
    """Order the neurons of one layer.

    Sorted by frequency, rows take the order in which the operation is a sum. Elements of a group, and matrices between
    hidden layers, have no frequencies and stay as stored.
    """
    shown = snapshot.layers[layer]
    if not shown.over_residues:
        return WeightPicture(shown.weights, shown.label, "raw", shown.rows)
    index, rows, order = _rows(state, order)
    matrix = shown.weights[index]
    residues = [picture.weights[index] for picture in snapshot.layers.values() if picture.over_residues]
    blocks = [block for block in residues if block.shape == matrix.shape]  # others belong to other neurons
    if order == "frequency":
        columns, frequencies = by_frequency(matrix, blocks)
        return WeightPicture(matrix[:, columns], shown.label, order, rows, frequencies)
    return WeightPicture(matrix[:, neuron_order(matrix, blocks, order)], shown.label, order, rows)


def stacked_layers(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the layers over residues that share their neurons, from first operand to answer; empty if there are none."""
    if snapshot.circuit is not None:
        return tuple(dict.fromkeys(snapshot.circuit))  # operands that share their weights are shown once
    reading = {name for name, layer in snapshot.layers.items() if layer.over_residues and not layer.transposed}
    return next((names for names in (("left", "right"), ("left", "right", "third")) if reading == set(names)), ())


def layer_of(names: Iterable[str], wanted: str) -> str:
    """Return the layer of this name; the first where there is none."""
    return wanted if wanted in names else next(iter(names))


def stacked_picture(snapshot: Snapshot, order: Order, state: LabState) -> list[WeightPicture]:
    """Order the shared neurons, once for all layers that share them."""
    shown = [snapshot.layers[name] for name in stacked_layers(snapshot)]
    index, rows, order = _rows(state, order)
    blocks = [layer.weights[index] for layer in shown]
    columns, frequencies = by_frequency(blocks[0], blocks) if order == "frequency" else (joint_order(blocks, order), None)
    return [
        WeightPicture(block[:, columns], layer.label, order, rows, frequencies)
        for layer, block in zip(shown, blocks, strict=True)
    ]


def spectrum_picture(snapshot: Snapshot, layer: str, state: LabState) -> SpectrumPicture | None:
    """Fourier transform one layer over its residues, or over its group; None where its rows are neither."""
    shown = snapshot.layers[layer]
    if not shown.over_residues:
        return None
    block = shown.weights[_index(state)[0]].astype(np.float64)
    if state.definition.group is not None:
        group = state.definition.group(state.experiment.task.modulus)
        shares, of_neurons = representation_shares(block, group), _by_peak(representation_power(block, group))
        keys = [number + 1 for number in key_representations(shares, group)]
        return SpectrumPicture(shares, keys, of_neurons, [one.name for one in group.representations])
    shares = spectrum(block)
    return SpectrumPicture(shares, key_frequencies(shares), neuron_spectra(block))


def neuron_spectra(block: Block) -> Float[np.ndarray, "frequencies neurons"]:
    """Return the share of each neuron's power at each frequency; neurons are sorted by their peak."""
    return _by_peak(power(block))


def _by_peak(powers: Float[np.ndarray, "frequencies neurons"]) -> Float[np.ndarray, "frequencies neurons"]:
    total = powers.sum(axis=0)
    shares: np.ndarray = np.divide(powers, total, out=np.zeros_like(powers), where=total > 0)
    return shares[:, np.lexsort([-shares.max(axis=0), shares.argmax(axis=0)])]


def _rows(state: LabState, order: Order) -> tuple[np.ndarray | slice, str, Order]:
    """Return the order of the rows, their name, and the order of the neurons that is possible."""
    if state.definition.group is not None:
        return (
            slice(None),
            state.definition.group(state.experiment.task.modulus).elements,
            "raw" if order == "frequency" else order,
        )
    return (*_index(state), order) if order == "frequency" else (slice(None), "residues", order)


def _index(state: LabState) -> tuple[np.ndarray, str]:
    modulus = state.experiment.task.modulus
    index = state.definition.index(modulus)
    return index, "residues" if len(index) == modulus else "powers of a primitive root"
