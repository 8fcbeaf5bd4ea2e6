import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokterm.plots.area import centered, enlarged, fitting, resized, square


def averaged_by_hand(values: np.ndarray, n_pixels: int) -> list[float]:
    """Cut each value into as many parts as there are pixels, and average the parts of each pixel."""
    parts = values.repeat(n_pixels).reshape(n_pixels, len(values))
    return [float(mean) for mean in np.nanmean(parts, axis=1)]


@given(st.lists(st.floats(-9, 9), min_size=1, max_size=30), st.integers(1, 20))
def test_a_pixel_is_the_mean_of_what_lies_under_it(values: list[float], n_pixels: int) -> None:
    column = np.array(values)
    assert resized(column[:, None], n_pixels, 1)[:, 0].tolist() == pytest.approx(averaged_by_hand(column, n_pixels), abs=1e-9)
    assert resized(column[None], 1, n_pixels)[0].tolist() == pytest.approx(averaged_by_hand(column, n_pixels), abs=1e-9)


@pytest.mark.parametrize("side", [40, 97, 113])
@pytest.mark.parametrize("n_pixels", [30, 31, 60])
def test_no_pixel_is_a_hole_and_no_value_is_lost(side: int, n_pixels: int) -> None:
    assert np.isfinite(resized(np.ones((side, side)), n_pixels, n_pixels)).all()
    for a in range(0, side, 7):
        alone = np.zeros((side, side))
        alone[a, -1 - a] = 1.0
        assert resized(alone, n_pixels, n_pixels).sum() == pytest.approx((n_pixels / side) ** 2)


@pytest.mark.parametrize(("frequency", "rows"), [(33, 32), (31, 30), (48, 46)])
def test_a_wave_too_short_to_draw_fades_instead_of_turning_into_a_long_one(frequency: int, rows: int) -> None:
    wave = np.cos(2 * np.pi * frequency * np.arange(97) / 97)[:, None]
    assert wave[np.arange(rows) * 97 // rows].std() > 0.6  # every n-th residue: moiré
    assert resized(wave, rows, 1).std() < 0.05


def test_only_finite_values_count() -> None:
    values = np.array([[np.nan, 1.0, np.inf, -np.inf, 3.0, np.nan]])
    assert resized(values, 1, 3)[0].tolist() == [1.0, pytest.approx(np.nan, nan_ok=True), 3.0]
    assert np.isnan(resized(values, 1, 6)[0]).tolist() == [True, False, True, True, False, True]


def test_several_maps_are_averaged_at_once() -> None:
    maps = np.random.default_rng(0).normal(size=(3, 9, 9))
    assert resized(maps, 4, 5)[2] == pytest.approx(resized(maps[2], 4, 5))


def test_small_tables_are_enlarged_by_whole_cells_and_stay_square() -> None:
    assert [fitting(n, 30) for n in (0, 1, 7, 15, 16, 30, 31, 97)] == [0, 30, 28, 30, 16, 30, 30, 30]
    assert square(11, (36, 78), 1) == (33, 33)
    assert square(97, (36, 78), 1) == (36, 36)
    assert square(5, (18, 78), 2) == (15, 30)  # a character is twice as high as wide
    assert enlarged((3, 4), (10, 10), 1) == (6, 8)
    assert enlarged((3, 4), (10, 7), 2) == (3, 4)  # no room to be square


def test_a_picture_stands_in_the_middle_from_the_upper_edge_of_a_line_on() -> None:
    sheet = centered(np.ones((2, 2)), (8, 5), blank=0, rows_per_line=2)
    assert np.argwhere(sheet).min(axis=0).tolist() == [2, 1]
    assert sheet.sum() == 4
