import numpy as np
import pytest

from grokterm.analysis.neurons import NeuronFrequencies, neuron_frequencies, unsupported_reason
from tests.analysis.observations import form_of, pairs_of


def heard(values: np.ndarray, operation: str = "add", modulus: int = 23) -> NeuronFrequencies:
    found = neuron_frequencies(values, pairs_of(operation, modulus), form_of(operation, modulus))
    assert found is not None
    return found


def angles(operation: str = "add", modulus: int = 23) -> tuple[np.ndarray, np.ndarray]:
    """Return the angles of frequency 1 for both operands, by their terms."""
    form, operands = form_of(operation, modulus), pairs_of(operation, modulus)
    left, right = form.left[operands[:, 0]], form.right[operands[:, 1]]
    return 2 * np.pi * left / form.order, 2 * np.pi * right / form.order


def slow_shares(values: np.ndarray, modulus: int) -> np.ndarray:
    """Return the share of every frequency of neurons that add, from a transform in both directions."""
    power = np.abs(np.fft.fft2(values.reshape(modulus, modulus, -1), axes=(0, 1))) ** 2
    total = power.sum(axis=(0, 1)) - power[0, 0]
    shares = []
    for k in range(1, modulus // 2 + 1):
        own = {0, k, modulus - k}
        shares.append(sum(power[i, j] for i in own for j in own if (i, j) != (0, 0)) / total)
    return np.array(shares)


@pytest.mark.parametrize("modulus", [2, 3, 12, 23])
def test_shares_are_those_of_a_transform_written_out(modulus: int) -> None:
    values = np.random.default_rng(0).standard_normal((modulus**2, 9))
    found, by_the_book = heard(values, modulus=modulus), slow_shares(values, modulus)
    assert found.shares == pytest.approx(by_the_book.max(axis=0))
    assert found.best.tolist() == (by_the_book.argmax(axis=0) + 1).tolist()


def test_values_in_float32_are_told_as_well() -> None:
    values = (7 + np.random.default_rng(0).standard_normal((23**2, 9))).astype(np.float32)
    assert heard(values).shares == pytest.approx(slow_shares(values, 23).max(axis=0), rel=1e-4)


@pytest.mark.parametrize("operation", ["add", "subtract", "multiply", "divide", "square_of_sum"])
def test_a_polynomial_of_one_frequency_belongs_to_it_alone(operation: str) -> None:
    a, b = angles(operation)
    values = 4 + np.cos(5 * a + 0.3) - 2 * np.sin(5 * b) + np.cos(5 * a) * np.sin(5 * b + 1)
    found = heard(values[:, None], operation)
    assert found.best.tolist() == [5]
    assert found.shares == pytest.approx([1.0])


def test_the_highest_frequency_of_an_even_order_has_no_sine_and_is_heard_too() -> None:
    a, b = angles(modulus=12)
    found = heard(np.stack([np.cos(6 * a), np.cos(6 * a) * np.cos(6 * b)], axis=1), modulus=12)
    assert found.best.tolist() == [6, 6]
    assert found.shares == pytest.approx([1.0, 1.0])


def test_a_neuron_that_hears_two_frequencies_belongs_to_the_louder() -> None:
    a, b = angles()
    found = heard((2 * np.cos(3 * a) + np.cos(8 * b))[:, None])
    assert found.best.tolist() == [3]
    assert found.shares == pytest.approx([0.8])


def test_a_square_keeps_four_fifths_of_its_variance_at_its_frequency() -> None:
    a, b = angles()
    found = heard(((np.cos(4 * a) + np.cos(4 * b)) ** 2)[:, None])
    assert found.best.tolist() == [4]
    assert found.shares == pytest.approx([0.8])
    assert found.n_neurons.tolist() == [0, 0, 0, 1, *[0] * 7]


def test_neurons_are_counted_where_one_frequency_explains_most_of_them() -> None:
    a, b = angles()
    mixed = sum(np.cos(k * a) for k in (1, 2, 3))
    found = heard(np.stack([np.cos(5 * a), np.cos(5 * b), np.sin(9 * a), mixed], axis=1))
    assert found.n_neurons.tolist() == [0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0]


def test_a_neuron_counts_where_it_has_half_of_its_variance() -> None:
    a, b = angles()
    three, four, five = np.cos(3 * a), np.cos(4 * b), np.cos(5 * b)
    louder, other = np.sqrt(0.505) * three + np.sqrt(0.495) * four, np.sqrt(0.495) * three + np.sqrt(0.505) * four
    none = np.sqrt(0.495) * three + np.sqrt(0.3) * four + np.sqrt(0.205) * five
    assert heard(np.stack([louder, other, none], axis=1)).n_neurons.tolist() == [0, 0, 1, 1, *[0] * 7]


@pytest.mark.parametrize("operation", ["add", "multiply"])
def test_the_order_of_the_equations_does_not_matter(operation: str) -> None:
    values, order = np.random.default_rng(0).standard_normal((23**2, 5)), np.random.default_rng(1).permutation(23**2)
    shuffled = neuron_frequencies(values[order], pairs_of(operation, 23)[order], form_of(operation, 23))
    assert shuffled is not None
    assert shuffled.shares == pytest.approx(heard(values, operation).shares)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6, 3e-20])
def test_a_neuron_that_always_says_the_same_has_no_frequency(value: float) -> None:
    constant, wave = np.full((23**2, 2), value), np.cos(5 * angles()[0])[:, None]
    found = heard(np.hstack([constant, wave]).astype(np.float32))
    assert found.best.tolist() == [0, 0, 5]
    assert found.shares[:2].tolist() == [0.0, 0.0]
    assert found.n_neurons.sum() == 1


def test_what_a_neuron_says_of_zero_is_no_wave() -> None:
    values = (pairs_of("multiply", 23) == 0).any(axis=1).astype(np.float64)
    assert heard(values[:, None], "multiply").best.tolist() == [0]


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30])
def test_a_neuron_that_has_diverged_leaves_the_others_alone(broken: float) -> None:
    a, _ = angles()
    values = np.stack([np.cos(5 * a), np.cos(6 * a)], axis=1).astype(np.float32)
    values[17, 0] = broken
    found = heard(values)
    assert found.best.tolist() == [0, 6]
    assert found.shares == pytest.approx([0.0, 1.0], rel=1e-5)


SHARED = "several operands share a term, so that waves over terms do not make up every function of the operands"


@pytest.mark.parametrize(
    ("operation", "modulus", "reason"),
    [("sum_of_squares", 23, SHARED), ("multiply", 2, "a single term has no frequencies")],
)
def test_neurons_that_cannot_be_read_have_a_reason(operation: str, modulus: int, reason: str) -> None:
    form, operands = form_of(operation, modulus), pairs_of(operation, modulus)
    assert unsupported_reason(form) == reason
    assert neuron_frequencies(np.ones((len(operands), 3)), operands, form) is None


def test_neurons_that_can_be_read_have_none() -> None:
    assert unsupported_reason(form_of("divide", 23)) is None
    assert unsupported_reason(form_of("add", 2)) is None
