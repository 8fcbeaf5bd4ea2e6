from dataclasses import astuple

import numpy as np
import pytest

from grokterm.analysis.blocks import Blocks
from grokterm.analysis.circuit import Certificate, certify
from grokterm.analysis.fourier import mean_ipr
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.sum_forms import SumForm
from tests.analysis.solutions import exact, form_of, noise

SUMS = [
    ("add", 97),
    ("add", 40),
    ("subtract", 23),
    ("subtract", 24),
    ("multiply", 23),
    ("divide", 23),
    ("sum_of_squares", 23),
    ("sum_of_squares", 40),
    ("square_of_sum", 23),
]


def three(blocks: Blocks) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return blocks.first, blocks.second, blocks.answer


def assert_same(one: Certificate, other: Certificate) -> None:
    assert (one.peaks == other.peaks).all()
    assert one.fit == pytest.approx(other.fit)
    assert np.exp(1j * one.mismatch) == pytest.approx(np.exp(1j * other.mismatch), nan_ok=True)


@pytest.mark.parametrize(("name", "modulus"), SUMS)
def test_the_exact_solution_is_certified(name: str, modulus: int) -> None:
    form = form_of(name, modulus)
    blocks = exact(form, 3 * (form.order // 2))
    certificate = certify(blocks, form)
    assert certificate.mean_fit == pytest.approx(1.0)
    assert certificate.matched_share == 1.0
    assert certificate.frequencies == dict.fromkeys(range(1, form.order // 2 + 1), 3)
    if form.has_distinct_answers:
        assert certificate.phase_alignment is not None
        assert certificate.phase_alignment.mean == pytest.approx(0.0, abs=1e-9)
        assert certificate.phase_alignment.resultant == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "modulus"), [case for case in SUMS if "square" not in case[0]])
def test_one_wave_in_the_right_order_has_one_frequency(name: str, modulus: int) -> None:
    form, index = form_of(name, modulus), OPERATIONS[name].index(modulus)
    assert mean_ipr([block[index] for block in three(exact(form, 50))]) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["sum_of_squares", "square_of_sum"])
def test_of_squares_participation_says_nothing_and_the_fit_does(name: str) -> None:
    form = form_of(name, 97)
    blocks = exact(form, 96)
    assert mean_ipr(three(blocks)) < 0.75
    assert certify(blocks, form).mean_fit == pytest.approx(1.0)


@pytest.mark.parametrize(("name", "modulus"), [("add", 23), ("subtract", 40), ("divide", 23), ("square_of_sum", 23)])
def test_the_exact_form_of_the_exact_solution_is_itself(name: str, modulus: int) -> None:
    form = form_of(name, modulus)
    blocks = exact(form, 60)
    for found, known in zip(three(certify(blocks, form).exact_form), three(blocks), strict=True):
        assert found == pytest.approx(known, abs=1e-6)


def test_the_exact_form_keeps_what_has_no_term_and_the_precision_of_the_weights() -> None:
    form = form_of("multiply", 23)
    blocks = Blocks(*(block.astype(np.float32) for block in three(noise(23, 40))))
    for found, known in zip(three(certify(blocks, form).exact_form), three(blocks), strict=True):
        assert (found[0] == known[0]).all()
        assert (found[1:] != known[1:]).all()
        assert found.dtype == np.float32


def test_the_exact_form_is_a_cosine_and_not_the_solution() -> None:
    form = form_of("add", 97)
    certificate = certify(noise(97, 500), form)
    again = certify(certificate.exact_form, form)
    assert again.mean_fit == pytest.approx(1.0)
    assert again.matched_share == 1.0
    assert again.phase_alignment is not None
    assert again.phase_alignment.resultant < 0.15


def test_noise_is_not_certified() -> None:
    certificate = certify(noise(97, 500), form_of("add", 97))
    assert certificate.matched_share < 0.02
    assert certificate.mean_fit < 0.1
    assert mean_ipr(three(noise(97, 500))) == pytest.approx(0.041, abs=0.01)


@pytest.mark.parametrize("detuning", [-1.5, 0.3, 3.0])
def test_the_phase_says_how_far_the_answer_is_off(detuning: float) -> None:
    certificate = certify(exact(form_of("subtract", 23), 33, detuning=detuning), form_of("subtract", 23))
    assert certificate.phase_alignment is not None
    assert certificate.phase_alignment.mean == pytest.approx(detuning)
    assert certificate.phase_alignment.resultant == pytest.approx(1.0)
    assert certificate.mismatch == pytest.approx(np.full(33, detuning))
    assert certificate.n_phases == 33


def test_a_solution_of_sums_is_none_of_differences() -> None:
    certificate = certify(exact(form_of("add", 97), 480), form_of("subtract", 97))
    assert certificate.matched_share == 1.0
    assert certificate.phase_alignment is not None
    assert certificate.phase_alignment.resultant < 0.15


def test_neurons_may_be_scaled_shifted_and_swapped() -> None:
    rng, form = np.random.default_rng(3), form_of("sum_of_squares", 23)
    first, second, answer = (
        solved + 0.3 * noisy for solved, noisy in zip(three(exact(form, 30)), three(noise(23, 30)), strict=True)
    )
    known = certify(Blocks(first, second, answer), form)
    scale, shift, order = rng.uniform(0.1, 9, (3, 30)), rng.normal(size=(3, 30)), rng.permutation(30)
    assert_same(certify(Blocks(first * scale[0], second * scale[1], answer * scale[2]), form), known)
    assert_same(certify(Blocks(first + shift[0], second + shift[1], answer + shift[2]), form), known)
    swapped = certify(Blocks(first[:, order], second[:, order], answer[:, order]), form)
    assert (swapped.peaks == known.peaks[:, order]).all()
    assert swapped.mismatch == pytest.approx(known.mismatch[order], nan_ok=True)
    assert swapped.mean_fit == pytest.approx(known.mean_fit)


def test_a_square_of_sums_modulo_40_has_no_use_for_odd_frequencies() -> None:
    form = form_of("square_of_sum", 40)
    certificate = certify(exact(form, 20), form)  # t² = (t + 20)², whose waves cancel
    assert certificate.fit == pytest.approx([2 / 3, 1.0] * 10)
    assert certificate.is_matched.tolist() == [False, True] * 10


def test_a_neuron_whose_blocks_disagree_is_not_matched() -> None:
    form = form_of("add", 23)
    blocks = exact(form, 11)
    certificate = certify(Blocks(blocks.first, blocks.second, np.roll(blocks.answer, 1, axis=1)), form)
    assert certificate.matched_share == 0
    assert np.isnan(certificate.mismatch).all()
    assert certificate.phase_alignment is None
    assert (certificate.peaks[0] == np.arange(1, 12)).all()
    assert certificate.fit == pytest.approx(np.full(11, 2 / 3))


def test_neurons_without_weights_count_for_nothing() -> None:
    form = form_of("multiply", 23)
    dead = np.zeros((23, 2))
    dead[0, 1] = 5.0  # reads 0 and votes for it: no part of a sum of logarithms
    blocks = Blocks(*(np.concatenate([block, dead], axis=1) for block in three(exact(form, 22))))
    certificate = certify(blocks, form)
    assert certificate.has_waves.tolist() == [True] * 22 + [False] * 2
    assert certificate.matched_share == 1.0
    assert certificate.mean_fit == pytest.approx(1.0)
    assert sum(certificate.frequencies.values()) == 22
    assert (certificate.exact_form.first[:, 22:] == dead).all()


def test_a_neuron_that_never_answers_is_not_matched() -> None:
    blocks = exact(form_of("add", 23), 11)
    certificate = certify(Blocks(blocks.first, blocks.second, np.ones((23, 11))), form_of("add", 23))
    assert certificate.matched_share == 0
    assert not certificate.peaks[2].any()
    assert not certificate.exact_form.answer.any()
    assert np.isnan(certificate.phases).all(axis=1).tolist() == [False, False, True]


@pytest.mark.parametrize(("name", "modulus"), [("add", 7), ("multiply", 2), ("add", 2)])
def test_a_network_of_zeros_has_no_certificate_and_no_errors(name: str, modulus: int) -> None:
    certificate = certify(Blocks(*np.zeros((3, modulus, 4))), form_of(name, modulus))
    assert np.isnan([certificate.matched_share, certificate.mean_fit]).all()
    assert certificate.phase_alignment is None
    assert certificate.frequencies == {}
    assert not any(block.any() for block in astuple(certificate.exact_form))


@pytest.mark.parametrize("name", ["multiply", "divide"])
def test_the_exact_form_of_a_single_term_is_the_network_itself(name: str) -> None:
    certificate = certify(blocks := noise(2, 5), form_of(name, 2))
    assert not certificate.has_waves.any()
    assert all((found == known).all() for found, known in zip(three(certificate.exact_form), three(blocks), strict=True))


def test_an_operand_without_waves_is_left_out_of_account() -> None:
    """Modulo 2, a / b if b is odd, else a − b, is a: all b have one term."""
    form = form_of("parity_divide", 2)
    certificate = certify(blocks := exact(form, 6), form)
    assert certificate.matched_share == certificate.mean_fit == pytest.approx(1.0)
    assert (certificate.exact_form.second == blocks.second).all()


def test_the_fit_is_that_of_the_only_block_with_waves() -> None:
    """Of a ∘ b = 0, written as F(a + 0) modulo 2."""
    form = SumForm(2, left=np.arange(2), right=np.zeros(2, dtype=int), answer=np.zeros(2, dtype=int))
    certificate = certify(noise(2, 3), form)
    assert certificate.has_wave.tolist() == [True, False, False]
    assert certificate.fit == pytest.approx(np.ones(3))


def test_the_highest_frequency_of_an_even_order_is_matched_without_a_phase() -> None:
    form = form_of("add", 12)
    certificate = certify(exact(form, 6), form)
    assert certificate.is_matched.all()
    assert np.isnan(certificate.mismatch).tolist() == [False] * 5 + [True]
    assert certificate.n_phases == 5


def test_the_readout_of_a_square_has_no_phase() -> None:
    form = form_of("square_of_sum", 23)
    certificate = certify(exact(form, 22), form)
    assert np.isnan(certificate.phases[2]).all()
    assert not np.isnan(certificate.phases[:2]).any()
    assert certificate.phase_alignment is None
