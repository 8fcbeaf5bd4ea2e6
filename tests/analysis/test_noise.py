"""The limits of noise, against noise that is drawn and counted."""

from math import comb, exp, pi, sqrt
from statistics import NormalDist

import numpy as np
import pytest

from grokterm.analysis.blocks import Blocks
from grokterm.analysis.circuit import certify
from grokterm.analysis.cosines import fit_cosines, waves_of
from grokterm.analysis.fourier import inverse_participation
from grokterm.analysis.noise import is_peak, largest_ipr, largest_resultant, matching_chance, most_matched
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.sum_forms import SumForm


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def form_of(operation: str, modulus: int) -> SumForm:
    form = OPERATIONS[operation].sum_form(modulus)
    assert form is not None
    return form


def test_a_column_has_several_peaks_at_a_tie_and_a_constant_none() -> None:
    waves = waves_of(form_of("sum_of_squares", 40))[0]  # n² mod 40 has the same wave at 5 and 15
    fit = fit_cosines(np.stack([waves[:, 5].real, waves[:, 3].real, np.ones(40)], axis=1), waves)
    assert [np.flatnonzero(one).tolist() for one in is_peak(fit).T] == [[5, 15], [3], []]


@pytest.mark.parametrize("modulus", [7, 23, 97])
def test_frequencies_that_are_alike_match_by_chance_once_in_their_number_squared(modulus: int) -> None:
    n_frequencies = modulus // 2
    assert matching_chance(form_of("add", modulus)) == pytest.approx(1 / n_frequencies**2, rel=0.02)


@pytest.mark.parametrize(
    ("operation", "modulus"),
    [("add", 4), ("add", 8), ("multiply", 5), ("sum_of_squares", 8), ("square_of_sum", 12), ("square_of_sum", 2)],
)
def test_half_of_an_even_order_and_frequencies_that_tie_match_as_often_as_those_drawn(
    operation: str, modulus: int, rng: np.random.Generator
) -> None:
    form = form_of(operation, modulus)
    drawn = certify(Blocks(*rng.standard_normal((3, modulus, 10_000))), form).matched_share
    assert matching_chance(form) == pytest.approx(drawn, rel=0.1)


@pytest.mark.parametrize("operation", ["add", "sum_of_squares", "multiply"])
def test_operands_that_share_their_weights_match_each_other(operation: str, rng: np.random.Generator) -> None:
    form = form_of(operation, 13)
    operands, answer = rng.standard_normal((2, 13, 10_000))
    drawn = certify(Blocks(operands, operands, answer), form).matched_share
    assert matching_chance(form, tied=True) == pytest.approx(drawn, rel=0.1)


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply"])
def test_a_single_frequency_always_matches(operation: str) -> None:
    assert matching_chance(form_of(operation, 3)) == pytest.approx(1)
    assert matching_chance(form_of(operation, 2)) == pytest.approx(1)


@pytest.mark.parametrize("chance", [0.001, 0.05, 0.378, 0.9])
@pytest.mark.parametrize("n_neurons", [1, 6, 60])
def test_99_percent_of_noise_have_no_more_matched_neurons(n_neurons: int, chance: float) -> None:
    def share_of_noise(most: int) -> float:
        return sum(comb(n_neurons, k) * chance**k * (1 - chance) ** (n_neurons - k) for k in range(most + 1))

    most = most_matched(n_neurons, chance)
    assert share_of_noise(most) >= 0.99 - 1e-12
    assert share_of_noise(most - 1) < 0.99


def test_the_number_of_matched_neurons_is_known_of_wide_networks_and_at_certainty() -> None:
    assert most_matched(10_000, 0.5) == pytest.approx(5_000 + 2.33 * 50, abs=2)
    assert (most_matched(7, 1.0), most_matched(7, 0.0)) == (7, 0)


@pytest.mark.parametrize("n_phases", [4, 7, 50, 1000])
def test_the_largest_resultant_has_a_chance_of_one_in_a_hundred_by_its_formula(n_phases: int) -> None:
    n, resultant = n_phases, largest_resultant(n_phases)
    assert exp(sqrt(1 + 4 * n + 4 * n**2 * (1 - resultant**2)) - 1 - 2 * n) == pytest.approx(0.01)
    assert largest_resultant(3) == largest_resultant(0) == 1.0


@pytest.mark.parametrize(
    ("n_phases", "least", "most"), [(2, 0, 0), (3, 0, 0), (4, 0.001, 0.01), (10, 0.008, 0.012), (50, 0.008, 0.012)]
)
def test_one_in_a_hundred_sets_of_random_phases_has_a_larger_resultant(
    n_phases: int, least: float, most: float, rng: np.random.Generator
) -> None:
    resultants = np.abs(np.exp(1j * rng.uniform(0, 2 * pi, (40_000, n_phases))).mean(axis=1))
    assert least <= (resultants > largest_resultant(n_phases)).mean() <= most


def test_the_limits_of_noise_are_the_same_each_time() -> None:
    form = form_of("sum_of_squares", 8)
    assert matching_chance(form) == matching_chance(form)
    assert largest_ipr(7, [6, 6]) == largest_ipr(7, [6, 6])


@pytest.mark.parametrize("n_columns", [[1], [6, 6, 6]])
def test_the_largest_ipr_is_a_quantile_of_a_mean_corrected_for_its_skewness(n_columns: list[int]) -> None:
    values = inverse_participation(np.random.default_rng(0).standard_normal((7, 4096)))
    quantile, n = NormalDist().inv_cdf(0.99), sum(n_columns)
    skewness = (((values - values.mean()) / values.std()) ** 3).mean() / sqrt(n)
    corrected = quantile + (quantile**2 - 1) / 6 * skewness
    assert largest_ipr(7, n_columns) == pytest.approx(values.mean() + values.std() / sqrt(n) * corrected, rel=1e-4)
    assert largest_ipr(1, n_columns) == 1  # without frequencies but the mean


@pytest.mark.parametrize(("n_rows", "n_columns"), [(2, [6, 6, 6]), (7, [1, 1, 1]), (7, [6, 6, 6]), (23, [4, 16])])
def test_one_in_a_hundred_random_networks_has_a_larger_ipr(n_rows: int, n_columns: list[int], rng: np.random.Generator) -> None:
    values = [inverse_participation(rng.standard_normal((n_rows, n * 4_000))).reshape(4_000, n) for n in n_columns]
    means = np.mean([block.mean(axis=1) for block in values], axis=0)
    assert 0.004 < (means > largest_ipr(n_rows, n_columns)).mean() < 0.018
