from collections.abc import Sequence
from dataclasses import astuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import Bool, Float, Int

from grokterm.analysis.analytic import exact_blocks
from grokterm.analysis.blocks import Blocks
from grokterm.analysis.circuit import certify
from grokterm.analysis.fourier import Block
from grokterm.errors import ConfigError
from grokterm.tasks.operations import OPERATIONS
from grokterm.tasks.randomness import generator
from grokterm.tasks.sum_forms import SumForm


def form_of(name: str, modulus: int) -> SumForm:
    form = OPERATIONS[name].sum_form(modulus)
    assert form is not None
    return form


def exact(form: SumForm, width: int, seed: int = 0, amplitude: float = 1.0, frequencies: Sequence[int] = ()) -> Blocks:
    return exact_blocks(form, width, amplitude, generator(seed, "weights"), frequencies)


def lines(block: Block) -> Bool[np.ndarray, "neurons frequencies"]:
    """At which frequencies, 0 first, a neuron has power."""
    found: Bool[np.ndarray, "neurons frequencies"] = np.abs(np.fft.rfft(block, axis=0)).T > 1e-9
    return found


def phases(block: Block, frequencies: Int[np.ndarray, " neurons"]) -> Float[np.ndarray, " neurons"]:
    found: Float[np.ndarray, " neurons"] = np.angle(np.fft.rfft(block, axis=0)[frequencies, np.arange(block.shape[1])])
    return found


@given(modulus=st.integers(2, 40), width=st.integers(1, 60))
def test_each_neuron_of_a_sum_is_a_wave_of_one_frequency_in_turn(modulus: int, width: int) -> None:
    frequencies = 1 + np.arange(width) % (modulus // 2)
    blocks = exact(form_of("add", modulus), width)
    for block in (blocks.first, blocks.second, blocks.answer):
        assert block.shape == (modulus, width)
        assert (lines(block) == (np.arange(modulus // 2 + 1) == frequencies[:, None])).all()


def test_the_phases_of_the_operands_add_up_to_that_of_the_answer() -> None:
    blocks, frequencies = exact(form_of("add", 23), 50), 1 + np.arange(50) % 11
    first, second, answer = (phases(block, frequencies) for block in (blocks.first, blocks.second, blocks.answer))
    np.testing.assert_allclose(np.exp(1j * (first + second - answer)), 1, atol=1e-9)


def test_phases_are_spread_evenly_and_apart_from_each_other() -> None:
    blocks, frequencies = exact(form_of("add", 5), 6_000), 1 + np.arange(6_000) % 2
    first, second = (phases(block, frequencies) for block in (blocks.first, blocks.second))
    for angle in (first, second, first - second, first + second, 2 * first, 3 * second):
        assert abs(np.exp(1j * angle).mean()) < 0.03


def test_the_amplitude_is_the_height_of_the_waves() -> None:
    tall, short = exact(form_of("add", 97), 40, amplitude=3.0), exact(form_of("add", 97), 40)
    np.testing.assert_allclose(tall.first, 3 * short.first)
    assert np.abs(tall.answer).max() == pytest.approx(3, rel=1e-3)


def test_a_square_is_read_at_its_place_on_the_wave() -> None:
    squares, plain = exact(form_of("sum_of_squares", 13), 20), exact(form_of("add", 13), 20)
    np.testing.assert_allclose(squares.first, plain.first[np.arange(13) ** 2 % 13])
    np.testing.assert_allclose(squares.answer, plain.answer)


def test_an_answer_hears_every_sum_that_leads_to_it() -> None:
    squared, plain = exact(form_of("square_of_sum", 13), 20), exact(form_of("add", 13), 20)
    np.testing.assert_allclose(squared.answer[4], plain.answer[2] + plain.answer[11])
    np.testing.assert_allclose(squared.answer[2], 0)  # no square modulo 13


def test_products_are_waves_in_the_order_of_the_logarithm() -> None:
    blocks, frequencies = exact(form_of("multiply", 13), 30), 1 + np.arange(29) % 6
    order = OPERATIONS["multiply"].index(13)
    for block in (blocks.first, blocks.second, blocks.answer):
        assert (lines(block[order, :-1]) == (np.arange(7) == frequencies[:, None])).all()
        assert not block[0, :-1].any()


@pytest.mark.parametrize("name", ["multiply", "divide"])
def test_one_neuron_meets_zero_and_says_zero(name: str) -> None:
    blocks = exact(form_of(name, 13), 30)
    for block in (blocks.first, blocks.second, blocks.answer):
        assert np.flatnonzero(block[:, -1]).tolist() == [0]
        assert block[0, -1] ** 3 == pytest.approx(30 / 2)


def test_a_single_term_needs_no_frequency() -> None:
    blocks = exact(form_of("multiply", 2), 9)
    assert np.ptp(blocks.first[1, :-1]) > 0
    assert not blocks.first[0, :-1].any()


SUMS = [name for name, operation in OPERATIONS.items() if operation.sum_form(2) is not None]


@pytest.mark.parametrize("name", SUMS)
def test_every_exact_solution_answers_the_whole_table_and_is_recognized(name: str) -> None:
    operation = OPERATIONS[name]
    for modulus in range(2, 61):
        if (form := operation.sum_form(modulus)) is None:
            continue
        operands = operation.operands(modulus)
        wide = [block.astype(np.float32) for block in astuple(exact(form, 100 + 12 * modulus))]
        hidden = (wide[0][operands[:, 0]] + wide[1][operands[:, 1]]) ** 2
        predicted = (hidden @ wide[2].T).argmax(axis=1)
        assert (predicted == operation.answers(operands, modulus, 0)).all(), modulus

        certificate = certify(exact(form, 1 + modulus), form)
        alignment = certificate.phase_alignment
        if form.order > 1:  # a single term has no waves
            assert certificate.matched_share == 1.0, modulus
            assert certificate.mean_fit == pytest.approx(1.0), modulus
        if alignment is not None:
            assert (alignment.mean, alignment.resultant) == pytest.approx((0.0, 1.0), abs=1e-9), modulus


def test_only_frequencies_that_the_readout_can_hear_are_used() -> None:
    """t² = (t + 20)² modulo 40, and at odd frequencies the two waves cancel."""
    form = form_of("square_of_sum", 40)
    assert certify(exact(form, 30), form).frequencies == dict.fromkeys(range(2, 21, 2), 3)


def test_given_frequencies_are_taken_in_turn() -> None:
    form = form_of("add", 23)
    certificate = certify(exact(form, 30, frequencies=[7, 3]), form)
    assert certificate.frequency.tolist() == [7, 3] * 15
    assert certificate.matched_share == 1


def test_every_frequency_by_name_is_every_frequency() -> None:
    form = form_of("add", 23)
    np.testing.assert_array_equal(exact(form, 30, frequencies=range(1, 12)).first, exact(form, 30).first)
    assert np.array_equal(exact_blocks(form, 30, 1.0, generator(0, "weights")).first, exact(form, 30).first)


def test_a_frequency_that_the_readout_cannot_hear_is_refused() -> None:
    with pytest.raises(ConfigError) as refused:
        exact(form_of("square_of_sum", 40), 30, frequencies=[4, 5])
    assert str(refused.value) == "model.frequencies names 5, which reaches no answer: choose others, such as 2"


def test_the_same_draw_gives_the_same_weights_and_another_others() -> None:
    form = form_of("multiply", 11)
    np.testing.assert_array_equal(exact(form, 20, seed=3).first, exact(form, 20, seed=3).first)
    assert not np.allclose(exact(form, 20, seed=3).first, exact(form, 20, seed=4).first)
