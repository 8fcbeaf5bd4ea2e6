"""Observations to test with: the equations of a drawn dataset, answered by scores made up."""

from collections.abc import Mapping

import numpy as np

from grokterm.analysis.observation import Observation, Side
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.sum_forms import SumForm


def pairs_of(operation: str, modulus: int) -> np.ndarray:
    """List the pairs that have an answer, in the order of an observation."""
    return OPERATIONS[operation].operands(modulus)


def form_of(operation: str, modulus: int) -> SumForm:
    """Return the f1, f2 and F of an operation that has them."""
    form = OPERATIONS[operation].sum_form(modulus)
    assert form is not None
    return form


def observed(
    operation: str = "add",
    modulus: int = 11,
    *,
    answers: np.ndarray | None = None,
    scores: np.ndarray | None = None,
    sides: np.ndarray | None = None,
    neurons: Mapping[str, np.ndarray] | None = None,
    seed: int = 0,
) -> Observation:
    """Observe a + b mod 11, or what is asked for; scores that are not given are noise, two thirds are trained on."""
    draw, operands = np.random.default_rng(seed), pairs_of(operation, modulus)
    if answers is None:
        answers = OPERATIONS[operation].answers(operands, modulus, seed)
    if scores is None:
        scores = draw.standard_normal((len(answers), modulus))
    if sides is None:
        sides = np.where(draw.permutation(len(answers)) % 3 == 0, Side.VAL, Side.TRAIN)
    return Observation(
        n_elements=modulus,
        operands=operands,
        answers=answers,
        truth=answers,
        sides=sides,
        predicted=scores.argmax(axis=1),
        right_scores=scores[np.arange(len(answers)), answers],
        scores=scores,
        neurons=neurons or {},
    )


def answering(predicted: np.ndarray, classes: int) -> np.ndarray:
    """Return scores that say this and nothing else."""
    scores: np.ndarray = np.eye(classes)[predicted]
    return scores
