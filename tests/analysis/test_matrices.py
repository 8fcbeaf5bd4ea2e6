"""Ranks and sparsity of matrices that are known."""

import numpy as np
import pytest

from grokterm.analysis.matrices import effective_rank, mean_effective_rank, sparsity


def test_a_rotation_uses_all_its_dimensions_and_a_product_of_vectors_one() -> None:
    rotation, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((6, 6)))
    assert effective_rank(5 * rotation) == pytest.approx(6)
    assert effective_rank(np.outer([1.0, 2.0], [3.0, 4.0, 5.0])) == pytest.approx(1)


def test_unequal_singular_values_count_by_their_entropy() -> None:
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert effective_rank(np.diag([3.0, 1.0, 0.0])) == pytest.approx(np.exp(entropy))


def test_zeros_have_no_rank_and_vectors_are_no_matrices() -> None:
    assert effective_rank(np.zeros((2, 3))) is None
    assert mean_effective_rank({"zeros": np.zeros((2, 3)), "unit": np.eye(4), "bias": np.ones(9)}) == pytest.approx(4)
    assert mean_effective_rank({"bias": np.ones(9)}) is None


def test_an_entry_counts_as_zero_beside_the_largest_of_its_own_tensor() -> None:
    large, small = np.array([[100.0, -0.9], [1.1, 0.0]]), np.array([1e-6, -1e-9, 1e-7])
    assert sparsity({"large": large}) == 2 / 4
    assert sparsity({"large": large, "small": small}) == 3 / 7
    assert sparsity({"zeros": np.zeros(3)}) == 1
    assert sparsity({"edge": np.array([100.0, 1.0, 1.0001])}) == 1 / 3
    assert sparsity({}) is None
    assert sparsity({"empty": np.zeros(0)}) is None
    assert sparsity({"empty": np.zeros(0), "zeros": np.zeros(3)}) == 1


def test_the_rank_of_several_matrices_is_their_mean_and_is_taken_in_double_precision() -> None:
    assert mean_effective_rank({"two": np.eye(2), "four": np.eye(4)}) == pytest.approx(3)
    assert effective_rank(np.diag([1.0, 1e-5]).astype(np.float16)) == pytest.approx(1, abs=1e-3)
