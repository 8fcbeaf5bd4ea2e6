"""A heat map carries its matrix along, for terminals that draw pixels."""

import numpy as np
import pytest
from rich.segment import Segment

from grokterm.plots.cells import Cells
from grokterm.plots.graphics import Graphics
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.mosaic import draw_mosaic, fit_mosaic
from grokterm.plots.palettes import PALETTES
from grokterm.plots.pixels import BLANK, Placed, Raster, find_placed

PALETTE = PALETTES["256"].with_graphics(Graphics("kitty", 8, 16))


def raster_of(values: np.ndarray, *, is_signed: bool = True) -> Raster:
    return Raster(values, 1.0, PALETTE.diverging, is_signed)


def matrix_of(one: Placed) -> np.ndarray:
    assert isinstance(one.raster, Raster)
    return one.raster.values


def test_every_value_of_a_large_matrix_is_a_rectangle_of_its_own() -> None:
    values = np.linspace(-1, 1, 32)[np.random.default_rng(0).integers(0, 32, (97, 300))]
    levels = raster_of(values).paint(width=640, height=200).levels
    rows, columns = np.arange(97) * 200 // 97 + 1, np.arange(300) * 640 // 300 + 1
    assert np.array_equal(levels[rows][:, columns], np.rint((values + 1) / 2 * 31) + 1)


def test_the_ends_of_the_ramp_are_the_limits_and_what_is_beyond_them() -> None:
    pixels = raster_of(np.array([[-5.0, -1.0, 1.0, 5.0]])).paint(width=4, height=1)
    ends = [tuple(PALETTE.diverging[end].get_truecolor()) for end in (0, 0, -1, -1)]
    assert [tuple(pixels.colors[level]) for level in pixels.levels[0]] == ends


def test_zero_is_the_middle_of_signed_values_and_the_start_of_others() -> None:
    zero = np.zeros((1, 1))
    signed, plain = raster_of(zero).paint(1, 1).levels, raster_of(zero, is_signed=False).paint(1, 1).levels
    assert 16 <= signed[0, 0] <= 17
    assert plain[0, 0] == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_blank(value: float) -> None:
    assert raster_of(np.array([[value, 0.0]])).paint(width=2, height=1).levels.tolist()[0][0] == BLANK


def test_a_heat_map_is_found_where_a_view_has_put_it() -> None:
    matrix = np.random.default_rng(0).normal(size=(8, 10))
    drawn = draw_heatmap(matrix, width=10, height=4, limit=1.0, palette=PALETTE)
    beside = Cells(3, 4).rows()
    picture = [[Segment("a heading")], *([*left, *right] for left, right in zip(beside, drawn, strict=True))]
    (one,) = find_placed(picture)
    assert (one.row, one.column, one.size, one.n_lines) == (1, 3, (10, 4), 4)
    assert matrix_of(one) is matrix
    (cut,) = find_placed(picture[:3])
    assert (cut.size, cut.n_lines) == ((10, 4), 2)


def test_heat_maps_one_above_another_and_side_by_side_are_told_apart() -> None:
    maps = [draw_heatmap(np.ones((4, 5)), width=5, height=2, limit=1.0, palette=PALETTE) for _ in range(3)]
    side_by_side = [[*left, *right] for left, right in zip(*maps[:2], strict=True)]
    found = find_placed([*side_by_side, *maps[2]])
    assert [(one.row, one.column) for one in found] == [(0, 0), (0, 5), (2, 0)]


def test_carrying_a_matrix_changes_no_character() -> None:
    drawn = draw_heatmap(np.eye(6), width=20, height=4, limit=1.0, palette=PALETTE)
    assert "".join(segment.text for segment in drawn[0]) == " " + 18 * "▀" + " "
    assert {sum(len(segment.text) for segment in line) for line in drawn} == {20}


def test_a_terminal_without_pixels_is_not_told_of_them() -> None:
    for name in ("16", "256", "ascii"):
        drawn = draw_heatmap(np.eye(6), width=20, height=4, limit=1.0, palette=PALETTES[name])
        assert find_placed(drawn) == []
    assert PALETTES["ascii"].with_graphics(Graphics("kitty", 8, 16)).graphics is None


def test_a_picture_that_is_averaged_carries_what_is_not() -> None:
    whole = np.random.default_rng(0).normal(size=(97, 30))
    drawn = draw_heatmap(whole[:48], width=30, height=24, limit=1.0, palette=PALETTE, detail=whole)
    (one,) = find_placed(drawn)
    assert matrix_of(one) is whole
    assert one.size == (30, 24)


def test_each_map_of_a_mosaic_is_placed_where_its_tile_is() -> None:
    maps = [np.full((60, 60), value) for value in (0.0, 1.0, 0.5, -1.0)]
    mosaic = fit_mosaic(60, width=60, height=30, palette=PALETTE)
    assert (mosaic.across, mosaic.down) != (1, 1)
    drawn = draw_mosaic(maps, [*"abcd"], mosaic, width=60, height=30, limit=1.0, palette=PALETTE)
    placed = find_placed(drawn)
    assert {id(matrix_of(one)) for one in placed} == {id(one) for one in maps}
    for one in placed:
        shown = np.array([[*"".join(segment.text for segment in line)] for line in drawn[one.row : one.row + one.n_lines]])
        assert set(shown[:, one.column : one.column + one.size[0]].ravel()) == {"▀"}
        assert one.n_lines == one.size[1]
