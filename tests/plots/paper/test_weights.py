"""Heat maps."""

import numpy as np
import pytest

from grokterm.plots.paper.style import paper_style
from grokterm.plots.paper.weights import GAP, Stack, centered, color_limit, draw_activations, draw_weights, tiled


def test_maps_are_measured_from_their_mean() -> None:
    maps = np.stack([np.array([[1.0, 3.0], [1.0, 3.0]]), np.full((2, 2), 7.0)])
    assert centered(maps).tolist() == [[[-1, 1], [-1, 1]], [[0, 0], [0, 0]]]


def test_cells_without_an_equation_stay_blank() -> None:
    assert np.isnan(centered(np.array([[[1.0, np.nan], [3.0, 1.0]]]))[0, 0, 1])


def test_maps_stand_in_rows_with_gaps_between() -> None:
    grid = tiled(np.arange(3.0)[:, None, None] * np.ones((3, 4, 4)), 2)
    assert grid.shape == (8 + GAP, 8 + GAP)
    assert (grid[0, 0], grid[0, -1], grid[-1, 0]) == (0, 1, 2)
    assert np.isnan(grid[-1, -1])
    assert np.isnan(grid[4 : 4 + GAP]).all()


@pytest.mark.parametrize("matrix", [np.zeros((3, 3)), np.full((2, 2), np.nan), np.empty((0, 0))])
def test_a_matrix_of_nothing_still_has_a_range(matrix: np.ndarray) -> None:
    assert color_limit(matrix) == 1.0


def test_matrices_of_different_widths_share_a_picture() -> None:
    with paper_style():
        stack = Stack("as stored", [("one", np.ones((3, 8))), ("other", np.ones((3, 5)))])
        figure = draw_weights([stack], unit="column", title="a + b")
        figure.draw_without_rendering()
    shown = figure.axes[0].images[0].get_array()
    assert np.ma.getmaskarray(np.ma.asarray(shown))[3:, 5:].all()


def test_fewer_neurons_than_a_row_can_be_drawn() -> None:
    with paper_style():
        figure = draw_activations(np.ones((3, 4, 4)), ["k = 1"], place="hidden layer", title="a + b")
        figure.draw_without_rendering()
