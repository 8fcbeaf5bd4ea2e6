"""Figures of several runs, beside each other."""

from collections.abc import Sequence

import numpy as np

from grokterm.analysis.fourier import key_frequencies, spectrum
from grokterm.analysis.ordering import joint_order
from grokterm.plots.paper.comparison import ComparedRun, draw_compared_curves, draw_side_by_side
from grokterm.plots.paper.efficiency import draw_circuits
from grokterm.plots.paper.style import PaperFigure
from grokterm.views.curves import sides
from grokterm.views.paper.naming import LeftOut
from grokterm.views.paper.network import chosen_maps, unit_of
from grokterm.views.paper.run import circuits, on_paper
from grokterm.views.view import Subject

MOST_COLUMNS = 6  # so many columns are still legible beside each other


def curves(subjects: Sequence[Subject]) -> PaperFigure | LeftOut:
    """Draw accuracy and loss of all runs over steps."""
    return draw_compared_curves([_compared(subject, n_maps=0) for subject in subjects])


def compare(subjects: Sequence[Subject]) -> PaperFigure | LeftOut:
    """Draw a column for each run: accuracy, weights, spectrum and activations."""
    if len(subjects) > MOST_COLUMNS:
        return LeftOut(f"at most {MOST_COLUMNS} runs stand side by side")
    if not all(subject.analysis.residue_blocks for subject in subjects):
        return LeftOut("not every run has a matrix whose rows are the residues")
    return draw_side_by_side([_compared(subject, n_maps=16) for subject in subjects])


def efficiency(subjects: Sequence[Subject]) -> PaperFigure | LeftOut:
    """Draw parameter norm and logits of every run, once memorized and at the chosen step."""
    return draw_circuits([one for subject in subjects for one in circuits(subject, subject.label)])


def _compared(subject: Subject, *, n_maps: int) -> ComparedRun:
    analysis, state = subject.analysis, on_paper(subject.state)
    blocks = analysis.residue_blocks
    name, block = next(iter(blocks.items()), ("", np.empty((0, 0))))
    alike = [other for other in blocks.values() if other.shape == block.shape]
    shares = spectrum(block) if len(block) else np.empty(0)
    return ComparedRun(
        label=subject.label,
        accuracy=sides(state, "accuracy"),
        loss=sides(state, "loss"),
        layer=analysis.snapshot.layers[name].label if name else "",
        unit=unit_of(analysis),
        weights=block[:, joint_order(alike, "frequency")] if len(block) else block,
        shares=shares,
        key_frequencies=key_frequencies(shares),
        maps=chosen_maps(analysis, n_maps)[0] if n_maps and analysis.forward_pass.neurons else np.empty((0, 0, 0)),
    )
