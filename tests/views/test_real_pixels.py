"""Views on a terminal that draws real pixels: a heat map shows all that there is."""

import numpy as np
import pytest

from grokterm.analysis.fourier import power
from grokterm.plots.graphics import Graphics
from grokterm.plots.palettes import PALETTES
from grokterm.plots.pixels import find_placed
from grokterm.views.lab.activations import ACTIVATIONS
from grokterm.views.lab.spectrum import SPECTRUM
from grokterm.views.lab.weights import draw_weights
from grokterm.views.pictures import weight_picture
from grokterm.views.view import Choice, Sheet
from tests.plots.test_pixels import matrix_of
from tests.views.test_lab import lines_of, looked_at
from tests.views.test_weights import waves

SHEET = Sheet(63, 39, PALETTES["256"].with_graphics(Graphics("kitty", 9, 18)))


def test_every_weight_is_seen_and_the_colors_of_each_neuron_show_its_frequency() -> None:
    subject = waves(97, 500, noise=1.0)
    drawn = draw_weights(subject, Choice(), SHEET, None)
    assert "500 neurons" in drawn.title
    assert "97 residues" in drawn.subtitle
    assert "averaged" not in drawn.subtitle
    (one,) = find_placed(drawn.rows)
    width, height = one.size[0] * 9, one.size[1] * 18
    levels = one.raster.paint(width, height).levels[np.arange(97) * height // 97 + 1][:, np.arange(500) * width // 500 + 1]
    matrix = weight_picture(subject.analysis.snapshot, "left", "frequency", subject.state).matrix
    assert levels.shape == matrix.shape
    assert (power(levels.astype(np.float64)).argmax(axis=0) == power(matrix).argmax(axis=0)).mean() >= 0.95


@pytest.mark.parametrize("is_zoomed", [False, True])
def test_every_equation_of_an_activation_map_is_seen(*, is_zoomed: bool) -> None:
    found, drawn = looked_at(ACTIVATIONS, waves(97, 20), Choice(is_zoomed=is_zoomed), SHEET)
    placed = find_placed(drawn.rows)
    assert {matrix_of(one).shape for one in placed} == {(97, 97)}
    assert len(placed) == len(found.maps)
    assert "1 equation" in drawn.subtitle


def test_the_map_of_the_spectrum_shows_each_neuron() -> None:
    _, drawn = looked_at(SPECTRUM, waves(97, 500), Choice(), SHEET)
    (one,) = find_placed(drawn.rows)
    assert matrix_of(one).shape == (48, 500)
    assert any("power of each neuron" in line for line in lines_of(drawn))
