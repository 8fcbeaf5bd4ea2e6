"""Weights that solve an operation without training (Gromov 2023, arXiv:2301.02679, Eq. 6-12)."""

from collections.abc import Sequence

import numpy as np

from grokterm.analysis.blocks import Blocks
from grokterm.analysis.cosines import carrying_frequencies
from grokterm.errors import ConfigError
from grokterm.tasks.sum_forms import SumForm


def exact_blocks(
    form: SumForm, width: int, amplitude: float, rng: np.random.Generator, frequencies: Sequence[int] = ()
) -> Blocks:
    """Return weights in which each neuron has one frequency and two random phases φ1, φ2.

    A neuron squares cos(x + φ1) + cos(y + φ2) and has the readout cos(z + φ1 + φ2). The square contains
    cos(x + y + φ1 + φ2), in phase with the readout at z = x + y; its other terms have random phases and average out over
    neurons. Only frequencies that reach the answer are used, or of these the given ones. If residues have no term, as 0 has no
    logarithm, the last neuron detects them and answers 0.

    Raises:
        ConfigError: if a given frequency does not reach the answer.
    """
    carrying = carrying_frequencies(form)
    if lost := sorted(set(frequencies) - set(carrying.tolist())):
        raise ConfigError(f"model.frequencies names {lost[0]}, which reaches no answer: choose others, such as {carrying[0]}")
    needs_zero = not form.has_terms.all()
    n_waves = width - 1 if needs_zero else width
    waves = np.resize(frequencies or carrying, n_waves)  # zeros if there are none: a product modulo 2 has one term
    angles = 2 * np.pi * np.outer(np.arange(form.order), waves) / form.order
    first_phase, second_phase = rng.uniform(0, 2 * np.pi, (2, n_waves))

    first, second, answer = blocks = np.zeros((3, len(form.left), width))
    first[form.has_terms, :n_waves] = np.cos(angles + first_phase)[form.left[form.has_terms]]
    second[form.has_terms, :n_waves] = np.cos(angles + second_phase)[form.right[form.has_terms]]
    np.add.at(answer[:, :n_waves], form.answer, np.cos(angles + first_phase + second_phase))  # several sums may share an answer
    if needs_zero:
        # As large as all waves together: each adds half of its amplitude cubed to the right logit.
        first[~form.has_terms, -1] = second[~form.has_terms, -1] = answer[0, -1] = np.cbrt(width / 2)
    return Blocks(*(amplitude * blocks))
