"""Many small maps, words between pictures, and the table of outcomes: as characters, whose places are known."""

import numpy as np
import pytest
from rich.segment import Segment

from grokterm.plots.cells import Rows
from grokterm.plots.mosaic import Mosaic, draw_mosaic, fit_grid, fit_mosaic
from grokterm.plots.outcomes import draw_outcomes
from grokterm.plots.palettes import PALETTES, Palette
from grokterm.plots.text_lines import draw_text, heading, shortened

ASCII, COLORS = PALETTES["ascii"], PALETTES["256"]


def text(rows: Rows) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]


@pytest.mark.parametrize("palette", [ASCII, COLORS], ids=["ascii", "256"])
@pytest.mark.parametrize("side", [1, 2, 5, 16, 97, 997])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (20, 5), (63, 38), (78, 18)])
def test_every_mosaic_fills_its_sheet_exactly(palette: Palette, side: int, width: int, height: int) -> None:
    mosaic = fit_mosaic(side, width=width, height=height, palette=palette)
    maps = [np.ones((side, side))] * mosaic.n_tiles
    rows = draw_mosaic(maps, ["name"] * len(maps), mosaic, width=width, height=height, limit=1.0, palette=palette)
    assert [len(line) for line in text(rows)] == [width] * height


def test_tiles_average_a_large_map_mildly_and_enlarge_a_small_one() -> None:
    shapes = {p: fit_mosaic(p, width=63, height=38, palette=COLORS) for p in (5, 11, 40, 97)}
    assert {p: (one.side, one.n_tiles) for p, one in shapes.items()} == {5: (10, 30), 11: (11, 25), 40: (20, 9), 97: (31, 4)}
    assert fit_mosaic(97, width=78, height=18, palette=COLORS) == Mosaic(2, 1, 34)


@pytest.mark.parametrize("palette", [ASCII, COLORS], ids=["ascii", "256"])
def test_a_tile_shows_the_whole_map(palette: Palette) -> None:
    corners = np.zeros((97, 97))
    corners[:20, :20], corners[-20:, -20:] = 1.0, 1.0
    mosaic = fit_grid(97, (1, 1), width=30, height=16, palette=palette)
    lines = text(draw_mosaic([corners], ["one"], mosaic, width=30, height=16, limit=1.0, palette=palette, signed=False))
    assert mosaic.side == (30 if palette is COLORS else 15)
    if palette is ASCII:
        assert (lines[1][0], lines[-1][29], lines[1][29], lines[-1][0]) == ("@", "@", " ", " ")


def test_tiles_lie_side_by_side_under_their_names_and_the_chosen_one_is_marked() -> None:
    maps = [np.full((3, 3), -1.0), np.full((3, 3), 1.0)]
    mosaic = fit_grid(3, (1, 2), width=41, height=7, palette=ASCII)
    lines = text(draw_mosaic(maps, ["first", "second"], mosaic, width=41, height=7, limit=1.0, palette=ASCII, chosen=1))
    assert mosaic.side == 6
    assert lines[0].split() == ["first", ">second"]
    assert lines[1] == " " * 25 + "@" * 12 + " " * 4


def test_every_outcome_has_its_own_character_and_its_own_color() -> None:
    table = np.arange(9)[None]
    assert text(draw_outcomes(table, width=9, height=1, palette=ASCII)) == [" -+x*.o,@"]
    rows = draw_outcomes(table, width=9, height=1, palette=COLORS)
    assert len({segment.style for row in rows for segment in row}) == 9


def test_a_table_that_does_not_fit_is_cut_off_and_a_small_one_enlarged_in_the_middle() -> None:
    assert text(draw_outcomes(np.full((9, 9), 4), width=4, height=2, palette=ASCII)) == ["****"] * 2
    assert text(draw_outcomes(np.full((2, 2), 4), width=10, height=4, palette=ASCII)) == [" ******** "] * 4


def test_without_colors_outcomes_are_characters_one_row_a_line() -> None:
    rows = draw_outcomes(np.array([[3, 4], [5, 6]]), width=4, height=2, palette=PALETTES["mono"])
    assert text(rows) == ["xx**", "..oo"]


def test_words_break_between_parts_and_never_exceed_the_width() -> None:
    rows = draw_text(["aaaa", "bbbb", [("c", None), ("dd", None)], "eeeee fff gggg"], width=12, palette=ASCII)
    assert text(rows) == ["aaaa   bbbb ", "cdd         ", "eeeee fff   ", "gggg        "]
    assert isinstance(rows[0][0], Segment)
    assert text(draw_text([[("one ", None), ("of two", None), (" more", None)]], width=8, palette=ASCII)) == ["one o..."]


@pytest.mark.parametrize("palette", [ASCII, COLORS], ids=["ascii", "256"])
@pytest.mark.parametrize("width", range(60))
def test_what_is_cut_ends_in_dots_and_no_number_turns_into_another(palette: Palette, width: int) -> None:
    said = palette.printable("tallest 363 of 457 · 1,024 of 20,000 within π/4 · k=17")
    for cut in (shortened(said, width, palette), *text(heading(said, width=width, palette=palette))):
        assert len(cut.rstrip()) <= width
        kept = cut.rstrip().removesuffix(palette.printable("…")).rstrip()
        assert (cut.rstrip() == said) or not cut.strip() or cut.rstrip().endswith(palette.printable("…")[: max(width, 1)])
        assert width < 10 or (said.startswith(kept) and f"{said} "[len(kept)] == " ")


def test_a_tile_stands_in_the_middle_of_its_place_under_its_name() -> None:
    mosaic = fit_grid(3, (1, 1), width=6, height=8, palette=ASCII)
    lines = text(draw_mosaic([np.ones((3, 3))], ["one"], mosaic, width=6, height=8, limit=1.0, palette=ASCII))
    assert [line.strip() for line in lines] == ["", "", "one", "@" * 6, "@" * 6, "@" * 6, "", ""]


def test_names_of_tiles_are_cut_after_a_word() -> None:
    mosaic = fit_grid(3, (1, 1), width=8, height=3, palette=COLORS)
    assert (
        text(draw_mosaic([np.ones((3, 3))], ["113 k=17"], mosaic, width=8, height=3, limit=1.0, palette=COLORS))[0]
        == "   113… "
    )


def test_a_name_that_is_wider_than_its_tile_is_whole_up_to_the_edge() -> None:
    mosaic = fit_grid(3, (1, 1), width=12, height=3, palette=COLORS)
    drawn = draw_mosaic([np.ones((3, 3))], ["one two 34"], mosaic, width=12, height=3, limit=1.0, palette=COLORS)
    assert text(drawn)[0] == "  one two 34"
