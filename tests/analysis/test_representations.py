import numpy as np
import pytest

from grokterm.analysis.representations import key_representations, representation_power, representation_shares
from grokterm.tasks.groups import Group, alternating, cyclic_product, dihedral, symmetric

GROUPS = [symmetric(4), symmetric(5), alternating(4), alternating(5), dihedral(7), dihedral(8), cyclic_product((3, 4))]
groups = pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.name)


def projected(block: np.ndarray, group: Group) -> list[np.ndarray]:
    """Sum (d / |G|) χ(h) f(h⁻¹ g) over h, element by element."""
    n = len(block)
    return [
        sum(one.degree / n * one.character[h] * block[group.product[group.inverses[h]]] for h in range(n))
        for one in group.representations
    ]


@groups
def test_power_is_that_of_the_projections_and_adds_up(group: Group) -> None:
    block = np.random.default_rng(0).standard_normal((len(group.product), 3))
    parts = projected(block, group)
    np.testing.assert_allclose(representation_power(block, group), [(part**2).sum(axis=0) for part in parts], atol=1e-9)
    np.testing.assert_allclose(sum(parts), block, atol=1e-9)
    assert representation_shares(block, group).sum() == pytest.approx(1)


@groups
def test_a_matrix_entry_of_a_representation_has_all_its_power_there(group: Group) -> None:
    block = np.random.default_rng(0).standard_normal((len(group.product), 2))
    for number, part in enumerate(projected(block, group)):
        expected = np.eye(len(group.representations))[number]
        np.testing.assert_allclose(representation_shares(part, group), expected, atol=1e-9)
        assert key_representations(expected, group) == [number]


def test_a_wave_over_the_turns_of_a_polygon_is_a_rotation_of_its_frequency() -> None:
    turns = np.tile(np.arange(7), 2)
    shares = representation_shares(np.cos(2 * np.pi * 3 * turns / 7)[:, None], dihedral(7))
    assert dict(zip([one.name for one in dihedral(7).representations], shares.round(9), strict=True))["rotation 3"] == 1


@groups
def test_noise_has_the_share_that_is_said(group: Group) -> None:
    shares = representation_shares(np.random.default_rng(1).standard_normal((len(group.product), 4000)), group)
    np.testing.assert_allclose(shares, [one.share_of_noise for one in group.representations], rtol=0.1)
    assert key_representations(shares, group) == []


def test_a_matrix_of_zeros_has_no_share() -> None:
    assert not representation_shares(np.zeros((24, 2)), symmetric(4)).any()


def test_a_group_of_one_element_has_no_key_representation() -> None:
    assert key_representations(np.ones(1), symmetric(1)) == []


def test_a_key_representation_has_more_than_three_times_the_odds_of_noise() -> None:
    degrees = [one.degree for one in symmetric(4).representations]
    assert sorted(degrees) == [1, 1, 2, 3, 3]
    number = degrees.index(3)  # 9 of 24 in noise: odds of 0.6
    for share, found in ((0.642, []), (0.643, [number])):
        shares = np.where(np.arange(5) == number, share, 0.0)
        assert key_representations(shares, symmetric(4)) == found
    number = degrees.index(1)  # 1 of 24: odds of 1 / 23
    for share, found in ((3 / 26 - 0.001, []), (3 / 26 + 0.001, [number])):
        shares = np.where(np.arange(5) == number, share, 0.0)
        assert key_representations(shares, symmetric(4)) == found
