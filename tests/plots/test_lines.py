"""Curves in pixels run where the characters show them, in the same colors."""

from dataclasses import replace

import numpy as np
import pytest

from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.curves.curves import draw_chart
from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Panel, Series
from grokterm.plots.graphics import Graphics
from grokterm.plots.lines import Line, LineRaster
from grokterm.plots.palettes import PALETTES, Palette, Role
from grokterm.plots.pixels import BLANK, find_placed

WIDTH, HEIGHT = 9, 18  # of a cell
PALETTE = PALETTES["256"].with_graphics(Graphics("kitty", WIDTH, HEIGHT))
STEPS = np.arange(0, 3000, 10)


def bump(center: float) -> np.ndarray:
    return np.exp(-(((STEPS - center) / 500) ** 2)) * np.cos(STEPS / 60)


def draw(*series: Series, palette: Palette = PALETTE, marks: list[Mark] | None = None, cursor: int | None = None) -> Rows:
    panels = [Panel("acc", series), Panel("loss", series)]
    return draw_chart(panels, marks or [], width=60, height=24, x_scale="linear", palette=palette, cursor=cursor)


def painted(rows: Rows, number: int = 0) -> np.ndarray:
    """The colors of the pixels of a panel, black where they are blank."""
    one = find_placed(rows)[number]
    pixels = one.raster.paint(one.size[0] * WIDTH, one.size[1] * HEIGHT)
    return np.where(pixels.levels[..., None] == BLANK, 0, pixels.colors[pixels.levels])


def has_ink(picture: np.ndarray, role: Role) -> np.ndarray:
    """Which pixels have the color of a role, and not a mix of it."""
    style = PALETTE.inks[role].style
    assert style is not None
    assert style.color is not None
    mask: np.ndarray = (picture == style.color.get_truecolor()).all(axis=-1)
    return mask


@pytest.mark.parametrize("role", ["train", "val"])
def test_pixels_of_a_curve_are_in_every_cell_that_has_dots_of_it_and_nowhere_far_from_one(role: Role) -> None:
    rows = draw(Series("one", STEPS, bump(1500), role))
    for number, one in enumerate(find_placed(rows)):
        lines = rows_to_text(rows).plain.split("\n")[one.row : one.row + one.size[1]]
        has_dots = np.array([[0x2800 < ord(character) < 0x2900 for character in line[one.column :]] for line in lines])
        drawn = painted(rows, number).any(axis=-1).reshape(one.size[1], HEIGHT, one.size[0], WIDTH).any(axis=(1, 3))
        # A pen of two pixels may just miss a cell whose corner a dot of a quarter of it touches, and reach into the next.
        assert (drawn & has_dots).sum() >= 0.98 * has_dots.sum()
        beside = np.pad(has_dots, 1)
        near = np.any([beside[i : i + one.size[1], j : j + one.size[0]] for i in range(3) for j in range(3)], axis=0)
        assert not (drawn & ~near).any()


def test_the_picture_of_each_panel_fills_its_canvas() -> None:
    rows = draw(Series("val", STEPS, bump(1500), "val"))
    lines = rows_to_text(rows).plain.split("\n")
    left = lines[-2].index("└") + 1
    first, second = find_placed(rows)
    assert (first.column, second.column, first.size[0]) == (left, left, 60 - left)
    assert first.row + first.size[1] + 1 == second.row  # the legend of the second panel
    assert second.row + second.size[1] == len(lines) - 2


def test_a_terminal_without_pixels_gets_the_same_characters_and_no_pictures() -> None:
    series = Series("val", STEPS, bump(1500), "val")
    plain = draw(series, palette=PALETTE.with_graphics(None))
    assert find_placed(plain) == []
    assert rows_to_text(plain) == rows_to_text(draw(series))


def weights(line: Line) -> np.ndarray:
    """The share of its color in each pixel, in cells of 30 pixels' height."""
    raster = LineRaster([line], [], PALETTE, n_rows=4)
    pixels = raster.paint(100, 120)
    ground, ink = pixels.colors[:2].astype(float)
    shares = (pixels.colors - ground)[:, 2] / (ink - ground)[2]
    each: np.ndarray = shares[pixels.levels]
    return each


@pytest.mark.parametrize(("role", "thickness"), [("val", 4.0), ("train", 2.3)])
@pytest.mark.parametrize("y", [0.0, 0.4, 1.0])
def test_a_curve_is_a_pen_wide_in_every_direction_and_stays_in_the_picture(role: Role, thickness: float, y: float) -> None:
    flat = Line(np.array([0.0, 1.0]), np.array([y, y]), PALETTE.inks[role])
    slanted = flat._replace(y=np.array([0.0, 1.0]))
    jump = flat._replace(x=np.array([0.5, 0.5]), y=np.array([0.0, 1.0]))
    assert weights(flat)[:, 10:90].sum(axis=0) == pytest.approx(thickness, abs=0.3)
    assert weights(slanted).sum() == pytest.approx(thickness * np.hypot(100, 120), rel=0.1)
    assert weights(jump)[10:110].sum(axis=1) == pytest.approx(thickness, abs=0.4)


def test_the_later_curve_lies_on_top_and_one_behind_is_pale() -> None:
    val = Series("val", STEPS, bump(1500), "val")
    both = has_ink(painted(draw(replace(val, role="train"), val)), "val")
    assert np.array_equal(both, has_ink(painted(draw(val)), "val"))
    assert not has_ink(painted(draw(replace(val, is_faint=True))), "val").any()


def test_a_band_is_a_pale_surface_that_does_not_cover_the_curve() -> None:
    mean = bump(1500)
    picture = painted(draw(Series("val", STEPS, mean, "val", band=(mean - 0.3, mean + 0.3))))
    is_ink, is_drawn = has_ink(picture, "val"), picture.any(axis=-1)
    assert is_drawn.sum() > 4 * is_ink.sum() > 0
    surface = picture[is_drawn & ~is_ink]
    assert (surface.sum(axis=-1) < picture[is_ink][0].sum()).all()


def test_marks_are_dashed_and_the_cursor_is_not() -> None:
    empty = Series("val", STEPS, np.full(STEPS.size, np.nan), "val")
    ends = replace(empty, y=np.where((STEPS == 0) | (STEPS == 2990), 0.0, np.nan))
    picture = painted(draw(ends, marks=[Mark(1000, "swap", "swap")], cursor=2000))
    height, width = picture.shape[:2]
    dashes = has_ink(picture, "swap")
    assert set(np.nonzero(dashes)[1].tolist()) <= {round(width * 1000 / 2990 - 0.5), round(width * 1000 / 2990)}
    assert 0.4 <= dashes.sum() / height <= 0.6
    assert PALETTE.cursor is not None
    line = (picture == PALETTE.cursor.get_truecolor()).all(axis=-1)
    assert line.sum() >= height - 4  # the curve lies over it


def test_curves_of_more_colors_than_a_picture_has_are_all_seen() -> None:
    names: list[Role] = ["first", "second", "third", "fourth", "fifth", "sixth", "train", "val"]
    waves = [Series(role, STEPS, np.sin(STEPS / (100 + 7 * number)), role) for number, role in enumerate(names)]
    bands = [replace(one, band=(one.y - 0.5, one.y + 0.5)) for one in waves]
    rows = draw(*bands)
    assert all(has_ink(painted(rows), role).any() for role in names)
    raster = find_placed(rows)[0].raster
    assert 200 < len(raster.paint(60 * WIDTH, 10 * HEIGHT).colors) <= 256
