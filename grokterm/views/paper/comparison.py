"""Figures of several runs beside each other."""

from collections.abc import Sequence

import numpy as np

from grokterm.analysis.fourier import key_frequencies, spectrum
from grokterm.analysis.ordering import neuron_order
from grokterm.plots.paper.comparison import Contender, draw_compared_curves, draw_side_by_side
from grokterm.plots.paper.efficiency import draw_circuits
from grokterm.views.paper.network import chosen_maps, unit_of
from grokterm.views.paper.run import circuits
from grokterm.views.paper.subject import Drawn, LeftOut, Subject, labels_of
from grokterm.views.pictures import sides

MOST = 6
"""More columns than these are not read beside each other."""


def curves(subjects: Sequence[Subject]) -> Drawn:
    """Draw accuracy and loss of all runs over steps."""
    return draw_compared_curves([_contender(*both, n_maps=0) for both in zip(subjects, labels_of(subjects), strict=True)])


def compare(subjects: Sequence[Subject]) -> Drawn:
    """Draw a column for each run: accuracy, weights, spectrum and activations."""
    if len(subjects) > MOST:
        return LeftOut(f"at most {MOST} runs stand side by side")
    if not all(subject.examination.residue_blocks for subject in subjects):
        return LeftOut("not every run has a matrix whose rows are the residues")
    contenders = [_contender(*both, n_maps=16) for both in zip(subjects, labels_of(subjects), strict=True)]
    return draw_side_by_side(contenders)


def efficiency(subjects: Sequence[Subject]) -> Drawn:
    """Draw parameter norm and logits of every run, when it had memorized and at its step."""
    labels = labels_of(subjects)
    return draw_circuits([one for subject, label in zip(subjects, labels, strict=True) for one in circuits(subject, label)])


def _contender(subject: Subject, label: str, *, n_maps: int) -> Contender:
    examination, state = subject.examination, subject.state
    blocks = examination.residue_blocks
    name, block = next(iter(blocks.items()), ("", np.empty((0, 0))))
    alike = [other for other in blocks.values() if other.shape == block.shape]
    shares = spectrum(block) if len(block) else np.empty(0)
    return Contender(
        label=label,
        accuracy=sides(state, "accuracy"),
        loss=sides(state, "loss"),
        layer=examination.snapshot.layers[name].label if name else "",
        unit=unit_of(examination),
        weights=block[:, neuron_order(block, alike, "frequency")] if len(block) else block,
        shares=shares,
        key_frequencies=key_frequencies(shares),
        maps=chosen_maps(examination, n_maps)[0] if n_maps and examination.observer.neurons else np.empty((0, 0, 0)),
    )
