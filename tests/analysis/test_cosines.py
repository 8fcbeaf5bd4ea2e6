from itertools import product

import numpy as np
import pytest

from grokterm.analysis.cosines import Waves, fit_cosines, waves_of
from grokterm.tasks.sum_forms import SumForm
from tests.analysis.solutions import form_of


def written_out(form: SumForm, answers: np.ndarray) -> np.ndarray:
    """The readout's waves, one sum at a time."""
    waves = np.zeros((len(answers), form.order // 2 + 1), dtype=complex)
    for row, answer in enumerate(answers):
        for total in np.flatnonzero(form.answer == answer):
            waves[row] += np.exp(2j * np.pi * total * np.arange(form.order // 2 + 1) / form.order)
    return waves


def slow_shares(columns: np.ndarray, waves: Waves) -> np.ndarray:
    """R² by a general least-squares solver, one column and one frequency at a time."""
    shares = np.zeros((waves.shape[1], columns.shape[1]))
    for k in range(1, len(shares)):
        design = np.stack([np.ones(len(waves)), waves[:, k].real, waves[:, k].imag], axis=1)
        for neuron, column in enumerate(columns.T):
            rest = column - design @ np.linalg.lstsq(design, column, rcond=1e-9)[0]
            shares[k, neuron] = 1 - (rest**2).sum() / ((column - column.mean()) ** 2).sum()
    return shares


@pytest.mark.parametrize(
    ("name", "modulus"),
    [("multiply", 13), ("divide", 7), *product(["subtract", "sum_of_squares", "square_of_sum"], [3, 8, 12, 13])],
)
def test_the_fit_is_that_of_a_general_solver(name: str, modulus: int) -> None:
    form = form_of(name, modulus)
    for waves in waves_of(form):
        columns = np.random.default_rng(modulus).standard_normal((len(waves), 4))
        assert fit_cosines(columns, waves).shares == pytest.approx(slow_shares(columns, waves), abs=1e-9)


@pytest.mark.parametrize(("name", "modulus"), [("add", 6), ("multiply", 7), ("square_of_sum", 7), ("square_of_sum", 8)])
def test_an_answer_has_the_waves_of_every_sum_that_leads_to_it(name: str, modulus: int) -> None:
    form = form_of(name, modulus)
    assert waves_of(form)[2] == pytest.approx(written_out(form, np.arange(modulus)[form.has_terms]))


@pytest.mark.parametrize("residues", [12, 13])
def test_where_every_residue_is_a_term_the_fit_is_a_fourier_transform(residues: int) -> None:
    columns = np.random.default_rng(0).standard_normal((residues, 6))
    fit = fit_cosines(columns, waves_of(form_of("add", residues))[0])
    power = np.abs(np.fft.rfft(columns, axis=0)) ** 2
    power[0] = 0
    power[1 : (residues + 1) // 2] *= 2  # negative frequencies
    assert fit.shares == pytest.approx(power / power.sum(axis=0))
    assert fit.shares.sum(axis=0) == pytest.approx(np.ones(6))


def test_amplitude_and_phase_are_those_of_the_cosine() -> None:
    terms = np.arange(31) ** 2 % 31
    column = 7.0 + 2.5 * np.cos(2 * np.pi * 4 * terms / 31 - 0.6)
    fit = fit_cosines(column[:, None], waves_of(form_of("sum_of_squares", 31))[0])
    assert fit.amplitudes[4, 0] == pytest.approx(2.5 * np.exp(-0.6j))
    assert fit.shares[4, 0] == pytest.approx(1.0)


def test_a_small_wave_beside_a_large_one_is_a_wave() -> None:
    waves = waves_of(form_of("add", 13))[0]
    fit = fit_cosines(waves[:, [3, 4]].real * [1.0, 1e-13], waves)
    assert fit.shares[[3, 4], [0, 1]] == pytest.approx([1.0, 1.0])


@pytest.mark.parametrize("column", [np.zeros(13), np.full(13, 0.1), np.full(13, 0.1, dtype=np.float32)])
def test_a_constant_is_no_wave(column: np.ndarray) -> None:
    assert not fit_cosines(column[:, None], waves_of(form_of("add", 13))[0]).shares.any()


@pytest.mark.parametrize(
    ("name", "modulus", "without_phase"),
    [
        ("add", 13, ([0], [0], [0])),
        ("add", 12, ([0, 6], [0, 6], [0, 6])),  # sin(πn) = 0
        ("multiply", 13, ([0, 6], [0, 6], [0, 6])),  # twelve logarithms
        ("sum_of_squares", 8, ([0, 2, 4], [0, 2, 4], [0, 4])),  # n² mod 4 is 0 or 1
        ("square_of_sum", 13, ([0], [0], list(range(7)))),  # t² cannot tell t from −t
    ],
)
def test_there_is_no_phase_where_cosine_and_sine_are_alike(
    name: str, modulus: int, without_phase: tuple[list[int], ...]
) -> None:
    form = form_of(name, modulus)
    for waves, frequencies in zip(waves_of(form), without_phase, strict=True):
        fit = fit_cosines(np.random.default_rng(0).standard_normal((len(waves), 2)), waves)
        assert np.flatnonzero(~fit.has_phase).tolist() == frequencies


def test_sums_that_cancel_leave_no_wave() -> None:
    waves = waves_of(form_of("square_of_sum", 8))[2]
    fit = fit_cosines(np.random.default_rng(0).standard_normal((8, 3)), waves)
    assert not fit.shares[1].any()  # 1 = 1² = 3² = 5² = 7², and these four sums are evenly spread


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e200])
def test_weights_of_a_diverged_network_are_fitted_without_an_error(broken: float) -> None:
    columns = np.random.default_rng(0).standard_normal((13, 2))
    columns[3, 0] = broken
    fit = fit_cosines(columns, waves_of(form_of("add", 13))[0])
    assert not (fit.shares[:, 0] > 0).any()
    assert fit.shares[:, 1].sum() == pytest.approx(1)


def test_single_precision_does_not_overflow() -> None:
    waves = waves_of(form_of("add", 13))[0]
    column = np.random.default_rng(0).standard_normal((13, 1))
    loud = fit_cosines((1e30 * column).astype(np.float32), waves)
    np.testing.assert_allclose(loud.shares, fit_cosines(column, waves).shares, rtol=1e-5)
