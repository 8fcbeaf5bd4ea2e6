import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rich.segment import Segment

from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import PALETTES, Palette

COLORS, ASCII = PALETTES["256"], PALETTES["ascii"]
NEGATIVE, ZERO, POSITIVE = COLORS.diverging[0], COLORS.diverging[5], COLORS.diverging[-1]


def draw(matrix: np.ndarray, *, width: int, height: int, palette: Palette = ASCII, limit: float = 1.0) -> Rows:
    return draw_heatmap(matrix, width=width, height=height, limit=limit, palette=palette)


def lines_of(rows: Rows) -> list[str]:
    return rows_to_text(rows).plain.split("\n")


def only_segment(rows: Rows) -> Segment:
    ((segment,),) = rows
    return segment


@settings(max_examples=60)
@given(
    matrix=arrays(np.float64, st.tuples(st.integers(0, 30), st.integers(0, 30)), elements=st.floats(width=64)),
    width=st.integers(0, 25),
    height=st.integers(0, 12),
    limit=st.floats(width=64),
    palette=st.sampled_from([*PALETTES.values()]),
)
def test_every_picture_has_the_size_that_was_asked_for(
    matrix: np.ndarray, width: int, height: int, limit: float, palette: Palette
) -> None:
    rows = draw(matrix, width=width, height=height, limit=limit, palette=palette)
    assert [sum(segment.cell_length for segment in row) for row in rows] == [width] * height


def test_a_pure_wave_alternates() -> None:
    wave = np.cos(np.pi * np.arange(8))[:, None]
    assert lines_of(draw(wave, width=1, height=8)) == ["@", " "] * 4


def test_a_line_holds_two_rows_in_its_two_colors() -> None:
    segment = only_segment(draw(np.array([[1.0], [-1.0]]), width=1, height=1, palette=COLORS))
    assert segment.text == "▀"
    assert segment.style is not None
    assert (segment.style.color, segment.style.bgcolor) == (POSITIVE, NEGATIVE)


def test_zero_is_the_middle_of_the_ramp() -> None:
    segment = only_segment(draw(np.zeros((2, 3)), width=3, height=1, palette=COLORS))
    assert segment.style is not None
    assert segment.style.color == segment.style.bgcolor == ZERO


def test_values_beyond_the_limit_have_the_color_of_the_limit() -> None:
    assert draw(np.array([[9.0, -9.0]]), width=2, height=1) == draw(np.array([[1.0, -1.0]]), width=2, height=1)


def test_unsigned_values_rise_from_zero() -> None:
    rows = draw_heatmap(np.array([[0.0, 0.5, 1.0]]), width=3, height=1, limit=1.0, palette=ASCII, signed=False)
    assert lines_of(rows) == [" =@"]


def test_what_is_not_finite_is_blank() -> None:
    matrix = np.array([[np.nan, np.inf, -1.0], [np.nan, 1.0, -np.inf]])
    (row,) = draw(matrix, width=3, height=1, palette=COLORS)
    assert [segment.text for segment in row] == [" ", "▄", "▀"]
    assert row[0].style is None
    assert row[1].style is not None
    assert (row[1].style.color, row[1].style.bgcolor) == (POSITIVE, None)


def test_a_small_matrix_is_enlarged_in_the_middle() -> None:
    assert lines_of(draw(np.array([[1.0, -0.3], [0.2, 1.0]]), width=6, height=5)) == [
        "@@@---",
        "@@@---",
        "+++@@@",
        "+++@@@",
        " " * 6,
    ]
    assert lines_of(draw(np.ones((1, 1)), width=5, height=1)) == ["@@@@@"]
    assert lines_of(draw(np.ones((1, 2)), width=7, height=1)) == ["@@@@@@ "]
    assert lines_of(draw(np.ones((1, 5)), width=9, height=1)) == ["  @@@@@  "]


def test_surplus_columns_are_averaged_like_rows() -> None:
    assert set(lines_of(draw(np.tile([1.0, -1.0], (2, 10)), width=10, height=2))) == {"=" * 10}
    assert lines_of(draw(np.array([[1.0, 1.0, -1.0, -1.0]]), width=2, height=1)) == ["@ "]


def test_rows_are_averaged_so_that_a_wave_too_short_to_draw_fades() -> None:
    alternating = np.tile([[1.0], [-1.0]], (10, 1))
    assert set(lines_of(draw(alternating, width=1, height=10))) == {"="}


def test_a_long_wave_survives_being_drawn_in_fewer_rows() -> None:
    wave = np.cos(2 * np.pi * 3 * np.arange(97) / 97)[:, None]
    column = "".join(lines_of(draw(wave, width=1, height=45)))
    assert column.count("@") >= 3
    assert (np.diff([character in "+*#%@" for character in column]) != 0).sum() == 6


def test_a_block_is_the_mean_of_its_finite_values() -> None:
    assert lines_of(draw(np.array([[np.nan], [1.0], [np.nan], [np.nan]]), width=1, height=2)) == ["@", " "]


def test_without_colors_a_half_block_is_lit_where_its_value_is_positive() -> None:
    matrix = np.array([[1.0, -1.0, 1.0, -1.0, 0.1, 0.1, np.nan], [1.0, -1.0, -1.0, 1.0, -0.1, -1.0, np.nan]])
    (row,) = draw(matrix, width=7, height=1, palette=PALETTES["mono"])
    assert "".join(segment.text for segment in row) == "█ ▀▄▒▀ "  # small values of either sign are gray
    assert all(segment.style is None for segment in row)


def test_on_a_light_ground_zero_is_light() -> None:
    light = COLORS.on_ground(dark=False)
    segment = only_segment(draw(np.zeros((2, 3)), width=3, height=1, palette=light))
    assert segment.style is not None
    assert segment.style.color == light.diverging[5]


def test_cells_of_the_same_style_share_a_segment() -> None:
    assert len(draw(np.zeros((20, 40)), width=40, height=10, palette=COLORS)[0]) == 1


def test_ascii_is_ascii_without_any_style() -> None:
    rows = draw(np.random.default_rng(0).normal(size=(20, 20)), width=20, height=20)
    assert all(segment.text.isascii() and segment.style is None for row in rows for segment in row)
