import numpy as np
import pytest

from grokterm.analysis.ordering import Order, by_frequency, joint_order, neuron_order

RESIDUES = np.arange(23)


def block(*waves: tuple[int, float, float]) -> np.ndarray:
    """One column for each (frequency, phase, amplitude)."""
    return np.stack([size * np.cos(2 * np.pi * k * RESIDUES / 23 + phase) for k, phase, size in waves], axis=1)


SHOWN = block((5, 0.0, 1.0), (2, 1.0, 3.0), (5, -1.0, 2.0), (2, -2.0, 4.0))


def test_raw_is_the_order_in_which_neurons_are_stored() -> None:
    assert neuron_order(SHOWN, [SHOWN], "raw").tolist() == [0, 1, 2, 3]


def test_by_deviation_the_largest_comes_first() -> None:
    assert neuron_order(SHOWN, [SHOWN], "deviation").tolist() == [3, 1, 2, 0]


def test_by_frequency_neighbors_share_a_frequency_and_their_phases_ascend() -> None:
    assert neuron_order(SHOWN, [SHOWN], "frequency").tolist() == [3, 1, 2, 0]


def test_the_frequency_is_that_of_all_blocks_together() -> None:
    louder = block((1, 0.0, 9.0), (8, 0.0, 9.0), (3, 0.0, 9.0), (4, 0.0, 9.0))
    assert neuron_order(SHOWN, [SHOWN, louder], "frequency").tolist() == [0, 2, 3, 1]


def test_neurons_whose_blocks_differ_in_frequency_come_last() -> None:
    other = block((5, 0.0, 1.0), (9, 0.0, 9.0), (5, 0.0, 2.0), (2, 0.0, 1.0))
    ordered = by_frequency(SHOWN, [SHOWN, other])
    assert ordered.order.tolist() == [3, 2, 0, 1]
    assert ordered.frequencies.tolist() == [2, 5, 5, 0]
    assert ordered.as_stored.tolist() == [5, 0, 5, 2]


@pytest.mark.parametrize("by", ["raw", "frequency", "deviation"])
def test_every_neuron_is_shown_once(by: Order) -> None:
    noise = np.random.default_rng(0).standard_normal((23, 50))
    assert sorted(neuron_order(noise, [noise], by)) == list(range(50))


def test_of_several_matrices_the_phases_are_those_of_the_first_and_the_deviation_that_of_all() -> None:
    turned = block((5, 0.0, 9.0), (2, -3.0, 1.0), (5, 2.0, 1.0), (2, 3.0, 1.0))
    assert joint_order([SHOWN, turned], "raw").tolist() == [0, 1, 2, 3]
    assert joint_order([SHOWN, turned], "frequency").tolist() == [3, 1, 2, 0]
    assert joint_order([turned, SHOWN], "frequency").tolist() == [1, 3, 0, 2]
    assert joint_order([SHOWN, turned], "deviation").tolist() == [0, 3, 1, 2]
    assert joint_order([SHOWN], "deviation").tolist() == [3, 1, 2, 0]


def test_neurons_that_deviate_alike_stay_in_their_order() -> None:
    alike = np.tile(SHOWN[:, :2], 20)
    assert neuron_order(alike, [alike], "deviation").tolist() == [*range(1, 40, 2), *range(0, 40, 2)]
