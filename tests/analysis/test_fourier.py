import numpy as np
import pytest

from grokterm.analysis.fourier import (
    frequency_norms,
    gini,
    inverse_participation,
    key_frequencies,
    mean_ipr,
    phases,
    power,
    power_shares,
    spectrum,
    waves,
)


def wave(frequency: int, phase: float = 0.0, *, residues: int = 31) -> np.ndarray:
    return np.cos(2 * np.pi * frequency * np.arange(residues) / residues + phase)


@pytest.mark.parametrize("frequency", [1, 4, 15])
def test_a_pure_wave_has_all_its_power_at_its_own_frequency(frequency: int) -> None:
    shares = spectrum(np.stack([wave(frequency), wave(frequency, 1.0)], axis=1))
    assert shares[frequency - 1] == pytest.approx(1.0)
    assert len(shares) == 15
    assert key_frequencies(shares) == [frequency]


def test_shares_add_up_to_one_and_the_mean_is_left_out() -> None:
    block = np.random.default_rng(0).standard_normal((23, 40))
    assert spectrum(block).sum() == pytest.approx(1.0)
    assert spectrum(block + 100.0) == pytest.approx(spectrum(block))


def test_a_matrix_of_zeros_has_no_power_and_no_key_frequency() -> None:
    shares = spectrum(np.zeros((11, 3)))
    assert not shares.any()
    assert key_frequencies(shares) == []


def test_noise_has_no_key_frequency() -> None:
    assert key_frequencies(spectrum(np.random.default_rng(0).standard_normal((97, 500)))) == []


def test_a_single_residue_has_no_key_frequency() -> None:
    assert key_frequencies(spectrum(np.ones((1, 3)))) == []


@pytest.mark.parametrize("residues", [7, 8, 512, 513, 514])
def test_the_power_is_that_of_a_transform_written_out(residues: int) -> None:
    block = np.random.default_rng(1).standard_normal((residues, 2))
    assert power(block).shape == (residues // 2, 2)
    for k in (1, 2, 3, residues // 2):
        slow = np.exp(-2j * np.pi * k * np.arange(residues) / residues) @ block
        assert waves(block)[k - 1] == pytest.approx(slow)
        assert power(block)[k - 1] == pytest.approx(np.abs(slow) ** 2)


def test_a_key_frequency_holds_more_than_three_even_shares() -> None:
    assert key_frequencies(np.array([0.375, 0.376, 0.249, 0.0, 0.0, 0.0, 0.0, 0.0])) == [2]


def test_shares_of_norms_are_those_of_their_squares() -> None:
    assert power_shares(np.array([1.0, 2.0, 0.0])).tolist() == [0.2, 0.8, 0.0]


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e308])
def test_weights_of_a_diverged_network_have_waves_without_a_warning(broken: float) -> None:
    assert waves(np.full((7, 2), broken)).shape == (3, 2)


def test_the_phase_of_a_wave_is_the_angle_of_its_amplitude() -> None:
    assert np.angle(waves(wave(3, 0.7)[:, None])[2, 0]) == pytest.approx(0.7)


def test_the_norms_are_those_of_a_transform_that_keeps_lengths() -> None:
    for residues in (22, 23):
        block = np.random.default_rng(2).standard_normal((residues, 5))
        assert len(frequency_norms(block)) == 11
        assert (frequency_norms(block) ** 2).sum() == pytest.approx(((block - block.mean(axis=0)) ** 2).sum())


def test_sine_and_cosine_of_a_frequency_share_a_norm() -> None:
    block = np.stack([3 * wave(4), 4 * wave(4, np.pi / 2)], axis=1) / np.linalg.norm(wave(4))
    assert frequency_norms(block)[3] == pytest.approx(5.0)


@pytest.mark.parametrize(
    ("values", "inequality"), [([2, 2, 2, 2], 0.0), ([0, 0, 0, 7], 0.75), ([1, 3], 0.25), ([3, 1, 2], 2 / 9), ([5], 0.0)]
)
def test_gini_is_the_mean_difference_of_two_over_twice_the_mean(values: list[int], inequality: float) -> None:
    numbers = np.array(values, dtype=float)
    differences = np.abs(numbers[:, None] - numbers).mean()
    assert gini(numbers) == pytest.approx(inequality)
    assert gini(numbers) == pytest.approx(differences / (2 * numbers.mean()))


def test_nothing_is_neither_equal_nor_unequal() -> None:
    assert np.isnan(gini(np.zeros(4)))


@pytest.mark.parametrize(("residues", "expected"), [(23, 0.158), (40, 0.094), (97, 0.040)])
def test_noise_participates_at_every_frequency(residues: int, expected: float) -> None:
    block = np.random.default_rng(0).standard_normal((residues, 4000))
    assert inverse_participation(block).mean() == pytest.approx(2 / (residues // 2 + 2), rel=0.05)
    assert inverse_participation(block).mean() == pytest.approx(expected, abs=0.004)


def test_a_wave_participates_at_one_frequency_and_two_equal_waves_at_two() -> None:
    block = np.stack([wave(3, 0.4), wave(3) + wave(5), 2 + 0 * wave(1)], axis=1)
    assert inverse_participation(block) == pytest.approx([1.0, 0.5, 1.0])


def test_neurons_without_weights_are_left_out_of_the_mean() -> None:
    dead, alive = np.zeros(31), wave(3) + wave(5)
    assert np.isnan(inverse_participation(np.stack([dead, alive], axis=1))).tolist() == [True, False]
    blocks = [[dead, alive, wave(2)], [dead, dead, dead], [alive, alive, alive]]
    assert mean_ipr([np.stack(neurons, axis=1) for neurons in blocks]) == pytest.approx((0.75 + 0.5) / 2)
    assert np.isnan(mean_ipr([dead[:, None]]))


def test_the_phase_of_each_neuron_is_read_at_its_own_frequency() -> None:
    block = np.stack([wave(2, 0.7) + 3 * wave(9), wave(5, -2.0)], axis=1)
    assert phases(block, np.array([2, 5])) == pytest.approx([0.7, -2.0])
