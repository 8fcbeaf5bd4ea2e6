from dataclasses import replace
from math import log, sqrt

import numpy as np
import pytest

from grokterm.analysis.observation import Observation, Side
from grokterm.analysis.progress import progress
from tests.analysis.observations import form_of, observed

ROOTS = {11: 2, 13: 2}
CASES = [("add", 11), ("add", 12), ("subtract", 11), ("subtract", 12), ("multiply", 11), ("multiply", 13), ("divide", 13)]
"""Orders odd and even; products and quotients add logarithms, of which there are modulus - 1."""


def terms(operation: str, modulus: int, operands: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    """Return how many terms there are and those of a and b, -1 for none, without looking at SumForm."""
    left, right = operands.T
    order = modulus
    if operation in {"multiply", "divide"}:
        order = modulus - 1
        logarithm = {pow(ROOTS[modulus], exponent, modulus): exponent for exponent in range(order)}
        left, right = (np.array([logarithm.get(int(a), -1) for a in side]) for side in (left, right))
    if operation in {"subtract", "divide"}:
        right = np.where(right < 0, -1, -right % order)
    return order, left, right


def planes(operation: str, modulus: int, operands: np.ndarray, frequencies: list[int]) -> np.ndarray:
    """Project on F_k, built of Kronecker products of the orthonormal waves of a and of b, as a dense matrix."""
    order, left, right = terms(operation, modulus, operands)
    t = np.arange(order)
    has_terms, cell = (left >= 0) & (right >= 0), left * order + right
    matrix = np.zeros((len(operands), len(operands)))
    for k in frequencies:
        cos, sin = np.cos(2 * np.pi * k * t / order), np.sin(2 * np.pi * k * t / order)
        if 2 * k == order:
            over_terms = [np.kron(cos, cos) / order]
        else:
            cos, sin = cos * sqrt(2 / order), sin * sqrt(2 / order)
            over_terms = [
                (np.kron(cos, cos) - np.kron(sin, sin)) / sqrt(2),
                (np.kron(sin, cos) + np.kron(cos, sin)) / sqrt(2),
            ]
        for wave in over_terms:
            over_pairs = np.where(has_terms, wave[cell], 0)
            matrix += np.outer(over_pairs, over_pairs)
    return matrix


def losses(scores: np.ndarray, answers: np.ndarray) -> list[float]:
    return [log(np.exp(row).sum()) - row[answer] for row, answer in zip(scores, answers, strict=True)]


def slowly(observation: Observation, operation: str, frequencies: list[int]) -> tuple[float, float]:
    """Return the restricted and the excluded loss by the book."""
    assert observation.scores is not None
    scores, answers, train = observation.scores.astype(np.float64), observation.answers, observation.sides == Side.TRAIN
    _, left, right = terms(operation, observation.n_elements, observation.operands)
    has_terms = (left >= 0) & (right >= 0)
    circuit = planes(operation, observation.n_elements, observation.operands, frequencies) @ scores
    restricted = np.where(has_terms[:, None], circuit + (scores - circuit)[has_terms].mean(axis=0), scores)
    return (
        float(np.mean(losses(restricted, answers))),
        float(np.mean(losses((scores - circuit)[train], answers[train]))),
    )


def fitted(sums: np.ndarray, observation: Observation, frequencies: list[int]) -> tuple[float, float]:
    """Return the restricted and the excluded loss, of a least-squares fit of waves over the pairs."""
    assert observation.scores is not None
    angles = 2 * np.pi / observation.n_elements * np.outer(sums, frequencies)
    features = np.hstack([np.ones((len(sums), 1)), np.cos(angles), np.sin(angles)])
    restricted = features @ np.linalg.lstsq(features, observation.scores, rcond=1e-9)[0]
    without = observation.scores - (restricted - restricted.mean(axis=0))
    train = observation.sides == Side.TRAIN
    return (
        float(np.mean(losses(restricted, observation.answers))),
        float(np.mean(losses(without[train], observation.answers[train]))),
    )


def waves(operation: str, modulus: int, frequencies: list[int], *, size: float = 5.0) -> np.ndarray:
    """Score every class c by cos(2πk(t − c) / order), summed over frequencies, where class F(t) is the answer to sum t."""
    form, observation = form_of(operation, modulus), observed(operation, modulus)
    sums = form.left[observation.operands[:, 0]] + form.right[observation.operands[:, 1]]
    distance = sums[:, None] - np.arange(form.order)
    scores = np.zeros((len(sums), modulus))
    scores[:, form.answer] = size * sum(np.cos(2 * np.pi * k * distance / form.order) for k in frequencies)
    return scores


@pytest.mark.parametrize("frequencies", [[], [2], [1, 3, 5], [6]])
@pytest.mark.parametrize(("operation", "modulus"), CASES)
def test_losses_are_those_of_projections_written_out(operation: str, modulus: int, frequencies: list[int]) -> None:
    form = form_of(operation, modulus)
    frequencies = [k for k in frequencies if k <= form.order // 2]
    n_equations = len(observed(operation, modulus).answers)
    scores = 3 * np.random.default_rng(1).standard_normal((n_equations, modulus + 4)).astype(np.float32)
    observation = observed(operation, modulus, scores=scores)
    measured = progress(observation, form, frequencies)
    restricted, excluded = slowly(observation, operation, frequencies)
    assert measured.restricted_loss == pytest.approx(restricted, abs=1e-6)
    assert measured.excluded_loss == pytest.approx(excluded, abs=1e-6)


@pytest.mark.parametrize("frequencies", [[], [1, 2], [2, 5], [1, 2, 3, 4, 5]])
@pytest.mark.parametrize("modulus", [8, 11, 12, 40])
def test_where_sums_have_unequally_many_pairs_waves_and_a_constant_are_fitted_to_all_pairs(
    modulus: int, frequencies: list[int]
) -> None:
    """a² + b² mod 8 is never 3, 6 or 7."""
    frequencies = [k for k in frequencies if k <= modulus // 2]
    scores = 3 * np.random.default_rng(1).standard_normal((modulus**2, modulus))
    observation = observed("sum_of_squares", modulus, scores=scores)
    measured = progress(observation, form_of("sum_of_squares", modulus), frequencies)
    restricted, excluded = fitted((observation.operands**2).sum(axis=1), observation, frequencies)
    assert measured.restricted_loss == pytest.approx(restricted)
    assert measured.excluded_loss == pytest.approx(excluded)


@pytest.mark.parametrize(("operation", "modulus"), [("add", 23), ("add", 24), ("subtract", 23), ("sum_of_squares", 23)])
def test_a_network_of_waves_alone_loses_nothing_when_restricted_to_them_and_everything_without(
    operation: str, modulus: int
) -> None:
    observation = observed(operation, modulus, scores=waves(operation, modulus, [2, 7]))
    measured = progress(observation, form_of(operation, modulus), [2, 7])
    assert observation.scores is not None
    assert measured.restricted_loss == pytest.approx(np.mean(losses(observation.scores, observation.answers)))
    constant = np.tile(observation.scores.mean(axis=0), (len(observation.answers), 1))  # 0 but for sums of squares
    on_train = observation.sides == Side.TRAIN
    assert measured.excluded_loss == pytest.approx(np.mean(losses(constant[on_train], observation.answers[on_train])))
    assert measured.excluded_loss == pytest.approx(log(modulus), rel=0.01)


def test_a_network_that_only_memorizes_has_no_use_for_any_wave() -> None:
    memory = observed(modulus=23, scores=np.zeros((23**2, 23)))
    train = memory.sides == Side.TRAIN
    noise = 8.0 * np.eye(23)[np.random.default_rng(0).integers(23, size=23**2)]
    scores = np.where(train[:, None], 8.0 * np.eye(23)[memory.answers], noise)
    measured = progress(observed(modulus=23, scores=scores, sides=memory.sides), form_of("add", 23), [3])
    assert measured.excluded_loss < 0.1
    assert measured.restricted_loss > 2.0


def test_without_frequencies_only_a_constant_is_left_and_nothing_is_removed() -> None:
    observation = observed()
    measured = progress(observation, form_of("add", 11), [])
    assert observation.scores is not None
    on_train = observation.sides == Side.TRAIN
    kept = losses(observation.scores[on_train], observation.answers[on_train])
    assert measured.excluded_loss == pytest.approx(np.mean(kept))
    constant = np.tile(observation.scores.mean(axis=0), (121, 1))
    assert measured.restricted_loss == pytest.approx(np.mean(losses(constant, observation.answers)))


def test_pairs_without_a_sum_keep_their_scores() -> None:
    """0 · b = 0 is no sum of logarithms: a network that knows it still does when restricted, and without the waves."""
    zero = (observed("multiply", 13).operands == 0).any(axis=1)
    scores = np.where(zero[:, None], 50.0 * np.eye(13)[0], 0.0)
    observation = observed("multiply", 13, scores=scores, sides=np.full(169, Side.TRAIN))
    measured = progress(observation, form_of("multiply", 13), [1, 2])
    expected = log(13) * 144 / 169
    assert measured.restricted_loss == pytest.approx(expected)
    assert measured.excluded_loss == pytest.approx(expected)


def test_a_single_sum_has_no_waves_and_nothing_is_removed() -> None:
    observation = observed("multiply", 2, sides=np.full(4, Side.TRAIN))  # 1 · 1 alone has a sum of logarithms
    measured = progress(observation, form_of("multiply", 2), [])
    assert observation.scores is not None
    expected = np.mean(losses(observation.scores, observation.answers))
    assert [measured.restricted_loss, measured.excluded_loss] == pytest.approx([expected, expected])


def test_a_single_class_is_never_missed() -> None:
    observation = observed(answers=np.zeros(121, dtype=np.int64), scores=np.full((121, 1), 3.0))
    measured = progress(observation, form_of("add", 11), [1])
    assert (measured.restricted_loss, measured.excluded_loss) == (0.0, 0.0)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e308])
def test_a_network_that_has_diverged_has_losses_that_are_not_finite(broken: float) -> None:
    observation, form = observed(scores=np.full((121, 11), broken)), form_of("add", 11)
    measured = progress(observation, form, [1])
    assert not np.isfinite([measured.restricted_loss, measured.excluded_loss]).any()


def test_losses_do_not_saturate_where_every_answer_is_all_but_certain() -> None:
    scores = (20.0 * np.eye(11)[observed().answers]).astype(np.float32)
    kept = progress(observed(scores=scores), form_of("add", 11), [])
    assert kept.excluded_loss == pytest.approx(10 * np.exp(-20.0), rel=1e-6)
    certain = progress(observed(scores=1e6 * scores), form_of("add", 11), [1])
    assert np.isfinite([certain.restricted_loss, certain.excluded_loss]).all()


def test_an_observation_without_scores_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^the observation lacks the scores of all classes$"):
        progress(replace(observed(), scores=None), form_of("add", 11), [1])
