"""Figures look the same wherever they are drawn."""

import struct
from pathlib import Path
from xml.etree import ElementTree as ET

import matplotlib as mpl
import numpy as np

from grokterm.plots.paper.style import COLUMN, escape_label, new_figure, paper_style, save_figure


def size_of(picture: Path) -> tuple[int, int]:
    """Read the width and the height of a PNG."""
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height


def test_the_users_own_style_neither_shows_nor_is_changed() -> None:
    with mpl.rc_context({"font.size": 20, "svg.fonttype": "path"}):
        with paper_style():
            assert (mpl.rcParams["font.size"], mpl.rcParams["svg.fonttype"]) == (7, "none")
        assert (mpl.rcParams["font.size"], mpl.rcParams["svg.fonttype"]) == (20, "path")


def test_a_figure_is_as_wide_as_a_column(tmp_path: Path) -> None:
    with paper_style():
        figure = new_figure(1.0)
        figure.add_subplot()
        save_figure(figure, tmp_path / "a.png", "png", 100)
    assert size_of(tmp_path / "a.png") == (round(100 * COLUMN), 100)


def test_a_name_is_not_read_as_a_formula(tmp_path: Path) -> None:
    with paper_style():
        figure = new_figure(1.0)
        figure.suptitle(escape_label("my $\\run$ \x07 & <co>"))
        save_figure(figure, tmp_path / "a.svg", "svg")
    text = ET.parse(tmp_path / "a.svg").getroot().itertext()
    assert "my $\\run$" in " ".join(text)


def test_a_heat_map_has_a_pixel_for_every_cell_up_to_twice_the_resolution(tmp_path: Path) -> None:
    widths = []
    for n_cells in (50, 300, 3000):
        with paper_style():
            figure = new_figure(2.0)
            figure.add_subplot().imshow(np.zeros((5, n_cells)), aspect="auto")
            save_figure(figure, tmp_path / "a.png", "png", 60)
        widths.append(size_of(tmp_path / "a.png")[0])
    assert widths[0] == round(60 * COLUMN)
    assert 300 < widths[1] < 2 * widths[0]
    assert widths[2] == 2 * widths[0]
