from collections.abc import Collection

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grokterm.plots.bars import draw_bars
from grokterm.plots.cells import Rows, rows_to_text
from grokterm.plots.palettes import PALETTES, Palette

COLORS, ASCII = PALETTES["256"], PALETTES["ascii"]


def draw(values: list[float], *, width: int, height: int, highlighted: Collection[int] = (), palette: Palette = COLORS) -> Rows:
    return draw_bars(np.array(values, dtype=np.float64), width=width, height=height, highlighted=highlighted, palette=palette)


def lines_of(rows: Rows) -> list[str]:
    return rows_to_text(rows).plain.split("\n")


@settings(max_examples=60)
@given(
    values=arrays(np.float64, st.integers(0, 60), elements=st.floats(width=64)),
    width=st.integers(0, 40),
    height=st.integers(0, 8),
    highlighted=st.sets(st.integers(-2, 70)),
    first=st.integers(0, 3),
    palette=st.sampled_from([*PALETTES.values()]),
)
def test_every_picture_has_the_size_that_was_asked_for(  # noqa: PLR0917
    values: np.ndarray, width: int, height: int, highlighted: set[int], first: int, palette: Palette
) -> None:
    rows = draw_bars(values, width=width, height=height, highlighted=highlighted, palette=palette, first=first)
    assert [sum(segment.cell_length for segment in row) for row in rows] == [width] * height


def test_bars_are_scaled_to_the_largest_in_eighths() -> None:
    assert lines_of(draw([1, 2, 3, 4, 5, 6, 7, 8], width=8, height=2))[0] == "▁▂▃▄▅▆▇█"
    assert lines_of(draw([1, 2, 4], width=3, height=3))[:2] == ["  █", "▄██"]


def test_a_small_value_can_still_be_seen() -> None:
    assert lines_of(draw([1e-6, 1], width=2, height=2))[0] == "▁█"


def test_what_is_not_positive_and_finite_has_no_bar() -> None:
    assert lines_of(draw([np.nan, 1, 0, np.inf, -1], width=5, height=2))[0] == " █   "


def test_nothing_but_zeros_is_an_empty_picture() -> None:
    assert lines_of(draw([0, 0, 0], width=3, height=2))[0] == "   "


def test_bars_widen_where_there_is_room() -> None:
    assert lines_of(draw([1, 1, 1], width=11, height=2))[0] == "███ ███ ███"
    assert lines_of(draw([1, 1], width=19, height=2))[0] == "  ███████ ███████  "
    assert lines_of(draw([1, 1, 1], width=10, height=2))[0] == " ██ ██ ██ "
    assert lines_of(draw([1, 1, 1], width=4, height=2))[0] == "███ "


def test_where_bars_do_not_fit_a_cell_shows_the_largest_of_its_neighbors() -> None:
    assert lines_of(draw([1, 8, 2, 1, 4], width=3, height=2))[0] == "█▂▄"
    assert " " not in lines_of(draw([*range(1, 49)], width=43, height=2))[0]


def test_a_key_frequency_has_its_own_color() -> None:
    rows = draw([1, 1, 1], width=3, height=2, highlighted=[2])
    assert [segment.style for segment in rows[0]] == [COLORS.inks[role].style for role in ("dim", "key_frequency", "dim")]


def test_a_key_frequency_keeps_its_color_among_merged_neighbors() -> None:
    rows = draw([1, 1, 1, 1], width=2, height=2, highlighted=[4])
    assert rows[0][1].style == COLORS.inks["key_frequency"].style


def test_a_key_frequency_has_its_own_character_without_colors() -> None:
    rows = draw([1, 1, 1], width=3, height=2, highlighted=[2], palette=ASCII)
    assert lines_of(rows)[0] == ":#:"
    assert all(segment.text.isascii() and segment.style is None for row in rows for segment in row)


def test_a_number_stands_under_its_bar() -> None:
    values = np.zeros(48)
    values[29] = 1.0
    upper, numbers = lines_of(draw(values.tolist(), width=48, height=2))
    assert numbers.split() == ["1", *map(str, range(5, 50, 5))]
    assert upper.index("█") in range(numbers.index("30"), numbers.index("30") + 2)


def test_bars_are_numbered_from_the_first() -> None:
    rows = draw_bars(np.ones(3), width=11, height=2, highlighted=[0], palette=COLORS, first=0)
    assert lines_of(rows)[1].split() == ["0", "1", "2"]
    assert rows[0][0].style == COLORS.inks["key_frequency"].style


def test_the_meant_part_of_a_bar_is_highlighted_from_below() -> None:
    rows = draw_bars(np.array([4.0, 4.0, 2.0]), width=3, height=5, meant=np.array([1.0, 4.0, 0.0]), palette=COLORS)
    dim, key = COLORS.inks["dim"].style, COLORS.inks["key_frequency"].style
    styles = [[segment.style for segment in row for _ in segment.text] for row in rows[:-1]]
    assert styles == [[dim, key, None], [dim, key, None], [dim, key, dim], [key, key, dim]]


def test_without_colors_ordinary_bars_are_shaded() -> None:
    assert lines_of(draw([2, 2], width=2, height=2, highlighted=[2], palette=PALETTES["mono"]))[0] == "▒█"
