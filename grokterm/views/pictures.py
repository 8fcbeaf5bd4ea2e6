"""What the pictures of a training are drawn from, for the screen and the command line alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from grokterm.analysis.fourier import key_frequencies, power, spectrum
from grokterm.analysis.ordering import Order, joint_order, neuron_order
from grokterm.inspection.snapshot import Snapshot
from grokterm.plots.axis import Scale
from grokterm.plots.cells import Rows
from grokterm.plots.curves import Mark, Series, draw_curves
from grokterm.plots.palettes import Palette, Role
from grokterm.session.state import LabState

TOGETHER = "layers of the same neurons"
"""Stands for them where a layer is chosen."""


def draw_accuracy(state: LabState, *, width: int, height: int, x_scale: Scale, palette: Palette) -> Rows:
    """Draw the accuracy of both sides over the steps."""
    return draw_curves(
        sides(state, "accuracy"),
        event_marks(state),
        width=width,
        height=height,
        x_scale=x_scale,
        y_scale="linear",
        y_limits=(0.0, 1.0),
        palette=palette,
    )


def draw_loss(state: LabState, *, width: int, height: int, x_scale: Scale, palette: Palette) -> Rows:
    """Draw the loss of both sides over the steps, on a logarithmic axis."""
    return draw_curves(
        sides(state, "loss"),
        event_marks(state),
        width=width,
        height=height,
        x_scale=x_scale,
        y_scale="log",
        y_limits=None,
        palette=palette,
    )


def sides(state: LabState, measure: str) -> list[Series]:
    """Return a measure of the training side and of validation over the steps."""
    steps, curves = state.curves.column("step"), state.curves
    roles: tuple[Role, ...] = ("train", "val")
    return [Series(side, steps, curves.column(f"{side}_{measure}"), side, curves.band(f"{side}_{measure}")) for side in roles]


def event_marks(state: LabState) -> list[Mark]:
    """Milestones and swaps deserve a line on the curves."""
    return [Mark(event.step, event.label, "swap" if event.is_swap else "dim") for event in state.events]


@dataclass(frozen=True)
class WeightPicture:
    """A matrix as it is looked at, and what to call it."""

    matrix: Float[np.ndarray, "rows neurons"]
    label: str
    order: Order
    rows: str
    """What the rows are, and in which order."""


@dataclass(frozen=True)
class SpectrumPicture:
    """The share of a matrix's power at each frequency."""

    shares: Float[np.ndarray, " frequencies"]
    key_frequencies: Sequence[int]
    label: str
    rows: str
    of_neurons: Float[np.ndarray, "frequencies neurons"]
    """The share of each neuron's own power, neurons sorted by their peak."""


def weight_picture(snapshot: Snapshot, layer: str, order: Order, state: LabState) -> WeightPicture:
    """Order the neurons of one layer; sorted by frequency, rows stand in the order in which the operation is a sum.

    What has no frequencies, the permutations of S5 or a matrix between hidden layers, stays as it is stored.
    """
    shown = snapshot.layers[layer]
    if not shown.over_residues:
        return WeightPicture(shown.weights, shown.label, "raw", shown.rows)
    elements = "residues" if state.asked.n_permutations is None else "permutations"
    if order == "frequency" and elements == "permutations":
        return WeightPicture(shown.weights, shown.label, "raw", elements)
    if order != "frequency":
        columns = neuron_order(shown.weights, [], order)
        return WeightPicture(shown.weights[:, columns], shown.label, order, elements)
    index, rows = _index(state)
    matrix = shown.weights[index]
    residues = [picture.weights[index] for picture in snapshot.layers.values() if picture.over_residues]
    blocks = [block for block in residues if block.shape == matrix.shape]  # others belong to other neurons
    return WeightPicture(matrix[:, neuron_order(matrix, blocks, order)], shown.label, order, rows)


def stacked_layers(snapshot: Snapshot) -> tuple[str, ...]:
    """Name the layers over residues that share their neurons, first operand over second over answer; none of other networks."""
    if snapshot.circuit is not None:
        return snapshot.circuit
    reading = {name for name, layer in snapshot.layers.items() if layer.over_residues and not layer.transposed}
    return ("left", "right") if reading == {"left", "right"} else ()


def layer_names(snapshot: Snapshot) -> list[str]:
    """List what can be looked at: the layers that share their neurons together, then each by itself."""
    stacked = stacked_layers(snapshot)
    return [*([TOGETHER] if stacked else []), *snapshot.layers]


def layer_of(snapshot: Snapshot, wanted: str) -> str:
    """Return the layer that is wanted, or the first where this network has none of that name."""
    names = layer_names(snapshot)
    return wanted if wanted in names else names[0]


def stacked_picture(snapshot: Snapshot, order: Order, state: LabState) -> list[WeightPicture]:
    """Order the neurons of all layers that share them alike."""
    shown = [snapshot.layers[name] for name in stacked_layers(snapshot)]
    elements = "residues" if state.asked.n_permutations is None else "permutations"
    if elements == "permutations" and order == "frequency":
        order = "raw"
    index, rows = _index(state) if order == "frequency" else (slice(None), elements)
    blocks = [layer.weights[index] for layer in shown]
    columns = joint_order(blocks, order)
    return [WeightPicture(block[:, columns], layer.label, order, rows) for layer, block in zip(shown, blocks, strict=True)]


def spectrum_picture(snapshot: Snapshot, layer: str, state: LabState) -> SpectrumPicture | None:
    """Transform one layer over the residues; None where its rows are not residues."""
    shown = snapshot.layers[layer]
    if not shown.over_residues or state.asked.n_permutations is not None:
        return None
    index, rows = _index(state)
    shares = spectrum(shown.weights[index].astype(np.float64))
    of_neurons = power(shown.weights[index].astype(np.float64))
    total = of_neurons.sum(axis=0)
    of_neurons = np.divide(of_neurons, total, out=np.zeros_like(of_neurons), where=total > 0)
    by_peak = np.lexsort([-of_neurons.max(axis=0), of_neurons.argmax(axis=0)])
    return SpectrumPicture(shares, key_frequencies(shares), shown.label, rows, of_neurons[:, by_peak])


def _index(state: LabState) -> tuple[np.ndarray, str]:
    modulus = state.experiment.task.modulus
    index = state.asked.index(modulus)
    return index, "residues" if len(index) == modulus else "powers of a primitive root"
