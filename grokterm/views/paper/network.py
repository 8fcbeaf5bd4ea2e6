"""Figures of a network at one step."""

import numpy as np
from jaxtyping import Float, Int

from grokterm.analysis.confusion import Cell
from grokterm.analysis.fourier import Block, key_frequencies, spectrum
from grokterm.analysis.ordering import Order, joint_order
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.inspection.missing import no_circuit
from grokterm.plots.paper.circuit import Neurons, draw_circuit
from grokterm.plots.paper.spectra import LayerSpectrum, draw_spectra
from grokterm.plots.paper.style import PaperFigure
from grokterm.plots.paper.tables import draw_outcomes
from grokterm.plots.paper.weights import Stack, draw_activations, draw_attention, draw_weights
from grokterm.views.paper.naming import LeftOut, title_of
from grokterm.views.pictures import neuron_spectra
from grokterm.views.view import Subject

TITLES: dict[Order, str] = {
    "raw": "as stored",
    "deviation": "by standard deviation",
    "frequency": "by peak frequency, mixed neurons last",
}
N_MAPS = 100

CELLS: dict[Cell, str] = {
    Cell.ABSENT: "no equation",
    Cell.NEITHER_WRONG: "neither side, wrong",
    Cell.NEITHER_RIGHT: "neither side, right",
    Cell.TRAIN_WRONG: "train, wrong",
    Cell.TRAIN_RIGHT: "train, right",
    Cell.VAL_WRONG: "val, wrong",
    Cell.VAL_RIGHT: "val, right",
    Cell.SEEN_WRONG: "trained on before, wrong",
    Cell.SEEN_RIGHT: "trained on before, right",
}

NO_RESIDUES = LeftOut("no matrix of the network has the residues as its rows")


def weights(subject: Subject) -> PaperFigure | LeftOut:
    """Draw the matrices over residues, with their neurons in three orders."""
    analysis = subject.analysis
    if not analysis.residue_blocks:
        return NO_RESIDUES
    stacks = [Stack(TITLES[order], _ordered(analysis, order)) for order in ("raw", "deviation", "frequency")]
    return draw_weights(stacks, unit=unit_of(analysis), title=title_of(subject))


def activations(subject: Subject) -> PaperFigure | LeftOut:
    """Draw the activations of up to a hundred neurons for every pair, sorted by frequency where they have one."""
    analysis = subject.analysis
    if not analysis.forward_pass.neurons:
        return LeftOut("the network has no hidden neurons")
    place = analysis.forward_pass.neurons[0]
    maps, best = chosen_maps(analysis, N_MAPS)
    labels = [_range(best[start : start + 10]) for start in range(0, len(best), 10)]
    return draw_activations(maps, labels, place=place, title=title_of(subject))


def chosen_maps(
    analysis: NetworkAnalysis, n_maps: int
) -> tuple[Float[np.ndarray, "neurons elements elements"], Int[np.ndarray, " neurons"]]:
    """Choose evenly spaced neurons of the first hidden layer, in the order of their frequencies; 0 for none."""
    place = analysis.forward_pass.neurons[0]
    values = analysis.values(place, slice(None))
    found = analysis.neuron_frequencies(place)
    best = np.zeros(values.shape[1], dtype=np.int64) if found is None else found.best
    order = np.argsort(best, kind="stable")
    chosen = order[np.linspace(0, len(order) - 1, min(n_maps, len(order))).round().astype(int)]
    return analysis.maps(place, chosen.tolist()), best[chosen]


def spectra(subject: Subject) -> PaperFigure | LeftOut:
    """Draw the power of the matrices over residues, for each neuron and as a whole."""
    analysis = subject.analysis
    if not analysis.residue_blocks:
        return NO_RESIDUES
    layers = [_spectrum_of(analysis.snapshot.layers[name].label, block) for name, block in analysis.residue_blocks.items()]
    return draw_spectra(layers, unit=unit_of(analysis), title=title_of(subject))


def circuit(subject: Subject) -> PaperFigure | LeftOut:
    """Compare the neurons with the exact solution."""
    analysis = subject.analysis
    certificate = analysis.certificate
    if certificate is None or analysis.held_against is None:
        return LeftOut(no_circuit(analysis, subject.state.experiment.model))
    phase = certificate.phase_alignment
    neurons = Neurons(
        phases=certificate.phases,
        is_matched=certificate.is_matched,
        mismatch=certificate.mismatch,
        mean=phase.mean if phase else None,
        resultant=phase.resultant if phase else None,
        fit=certificate.fit,
        frequencies=certificate.frequencies,
        n_frequencies=analysis.held_against.order // 2,
    )
    return draw_circuit(neurons, title=title_of(subject))


def attention(subject: Subject) -> PaperFigure | LeftOut:
    """Draw the attention of the answering position, for each head."""
    analysis = subject.analysis
    if not analysis.forward_pass.attention:
        return LeftOut("the network has no attention")
    rows = []
    for label in analysis.forward_pass.attention:
        block = f"{label.removesuffix(', attention')}, " if len(analysis.forward_pass.attention) > 1 else ""
        maps = np.moveaxis(analysis.attention_maps(label), 1, 0)
        rows += [(f"{block}to {token}", heads) for token, heads in zip(analysis.forward_pass.tokens, maps, strict=False)]
    return draw_attention(rows, title=title_of(subject))


def confusion(subject: Subject) -> PaperFigure | LeftOut:
    """Draw whether each pair is answered right, in training and in validation."""
    return draw_outcomes(subject.analysis.cells, [CELLS[cell] for cell in Cell], title=title_of(subject))


def unit_of(analysis: NetworkAnalysis) -> str:
    """Return the word for a column: features of a residual stream are not neurons."""
    return "neuron" if analysis.snapshot.circuit is not None else "column"


def _ordered(analysis: NetworkAnalysis, order: Order) -> list[tuple[str, Block]]:
    """Order columns; matrices of one shape share their neurons, and so their order."""
    blocks = analysis.residue_blocks
    shown = []
    for name, block in blocks.items():
        alike = [other for other in blocks.values() if other.shape == block.shape]
        shown.append((analysis.snapshot.layers[name].label, block[:, joint_order(alike, order)]))
    return shown


def _spectrum_of(label: str, block: Block) -> LayerSpectrum:
    shares = spectrum(block)
    return LayerSpectrum(label, neuron_spectra(block), shares, key_frequencies(shares))


def _range(frequencies: Int[np.ndarray, " neurons"]) -> str:
    low, high = int(frequencies.min()), int(frequencies.max())
    if high == 0:
        return ""
    return f"k = {low}" if low == high else f"k = {low}–{high}"
