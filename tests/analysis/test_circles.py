"""Circles of an embedding, and distance irrelevance of scores that are known."""

from itertools import product

import numpy as np
import pytest

from grokterm.analysis.circles import (
    Circle,
    Components,
    circle_frequencies,
    circles,
    circularity,
    distance_irrelevance,
    principal_components,
)
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.sum_forms import SumForm

P = 11
PAIRS = np.array(list(product(range(P), repeat=2)))
SUMS, DISTANCES = PAIRS.sum(axis=1) % P, (PAIRS[:, 0] - PAIRS[:, 1]) % P


def form_of(operation: str) -> SumForm:
    form = OPERATIONS[operation].sum_form(P)
    assert form is not None
    return form


def embedding_of(*frequencies: int, p: int = P) -> np.ndarray:
    """Circles of these frequencies in random planes, each half as large as the one before."""
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((16, 16)))
    angles = 2 * np.pi * np.outer(np.arange(p), frequencies) / p
    sizes = 0.5 ** np.arange(len(frequencies))
    embedding: np.ndarray = (
        3 + np.concatenate([sizes * np.cos(angles), sizes * np.sin(angles)], axis=1) @ rotation[: 2 * len(frequencies)]
    )
    return embedding


def test_scores_of_the_distance_alone_have_no_irrelevance_as_on_an_exact_pizza() -> None:
    pizza = np.abs(np.cos(np.pi * 3 * DISTANCES / P))
    assert distance_irrelevance(pizza, PAIRS, form_of("add")) == pytest.approx(0, abs=1e-12)


def test_scores_of_the_sum_alone_have_all_of_it() -> None:
    assert distance_irrelevance(np.random.default_rng(0).standard_normal(P)[SUMS], PAIRS, form_of("add")) == pytest.approx(1)


def test_an_exact_clock_scores_every_right_answer_alike_and_has_none() -> None:
    assert distance_irrelevance(np.cos(2 * np.pi * (SUMS - SUMS) / P), PAIRS, form_of("add")) is None


def test_irrelevance_is_the_share_of_deviation_at_one_distance() -> None:
    of_sums, of_distances = np.random.default_rng(0).standard_normal((2, P))
    expected = of_sums.std() / np.sqrt(of_sums.var() + of_distances.var())
    assert distance_irrelevance(of_sums[SUMS] + of_distances[DISTANCES], PAIRS, form_of("add")) == pytest.approx(expected)


def test_distances_are_those_of_the_terms() -> None:
    assert distance_irrelevance(SUMS.astype(float), PAIRS, form_of("subtract")) == pytest.approx(0)
    logarithm = np.zeros(P, dtype=int)
    logarithm[OPERATIONS["multiply"].index(P)] = np.arange(P - 1)
    of_quotient = (logarithm[PAIRS[:, 0]] - logarithm[PAIRS[:, 1]]) % (P - 1.0)
    assert distance_irrelevance(of_quotient, PAIRS, form_of("multiply")) == pytest.approx(0)
    assert distance_irrelevance(of_quotient, PAIRS, form_of("sum_of_squares")) is None


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_a_score_that_is_not_finite_has_no_irrelevance_unless_it_is_of_a_pair_without_terms(broken: float) -> None:
    scores = np.random.default_rng(0).standard_normal(P**2)
    known = distance_irrelevance(scores, PAIRS, form_of("multiply"))
    scores[(PAIRS == 0).any(axis=1)] = broken
    assert distance_irrelevance(scores, PAIRS, form_of("multiply")) == known != 1
    assert distance_irrelevance(scores[::-1], PAIRS[::-1], form_of("multiply")) == known
    assert distance_irrelevance(scores, PAIRS, form_of("add")) is None


@pytest.mark.parametrize("p", [11, 12])
def test_circles_are_found_by_size_with_their_frequencies(p: int) -> None:
    components = principal_components(embedding_of(4, 2, p=p))
    assert components.shares == pytest.approx([0.4, 0.4, 0.1, 0.1])
    assert circle_frequencies(components).tolist() == [4, 4, 2, 2]
    assert circularity(components) == pytest.approx(1)
    assert circles(components) == [Circle(4, (0, 1)), Circle(2, (2, 3))]
    radii = np.linalg.norm(components.coordinates[:, :2], axis=1)
    assert radii == pytest.approx(np.full(p, radii[0]))


@pytest.mark.parametrize("size", [1e-12, 1e12])
def test_components_are_those_about_the_mean_of_each_column_whatever_the_size(size: float) -> None:
    components = principal_components(size * (embedding_of(4, 2) + np.arange(16)))
    assert components.shares == pytest.approx([0.4, 0.4, 0.1, 0.1])


def test_noise_has_no_circles_and_a_constant_no_components() -> None:
    noise = circularity(principal_components(np.random.default_rng(0).standard_normal((59, 128))))
    assert noise is not None
    assert noise < 0.3
    nothing = principal_components(np.full((P, 3), 0.7))
    assert circularity(nothing) is None
    assert circle_frequencies(nothing).tolist() == []
    assert circles(nothing) == []


def test_circularity_is_that_of_four_components_and_a_circle_has_the_first_two_of_its_frequency() -> None:
    angles = 2 * np.pi * np.arange(10) / 10
    (one, two, three, five), sine = (np.cos(k * angles) for k in (1, 2, 3, 5)), np.sin(angles)
    # At frequency 5 a wave is twice as strong.
    columns = [one, 2 * two + three, sine, five + 0.5 * three, five + 1.5 * three, sine]
    components = Components(np.stack(columns, axis=1), np.full(6, 1 / 6))
    assert circle_frequencies(components).tolist() == [1, 2, 1, 5, 3, 1]
    assert circularity(components) == pytest.approx((1 + 0.8 + 1 + 8 / 9) / 4)
    assert circles(components) == [Circle(1, (0, 2))]
