"""Many small maps, words between pictures, and the table of outcomes: as characters, whose places are known."""

import numpy as np
import pytest
from rich.segment import Segment

from grokterm.plots.cells import Rows
from grokterm.plots.mosaic import draw_mosaic, fit_mosaic
from grokterm.plots.outcomes import draw_outcomes, draw_shares
from grokterm.plots.palettes import PALETTES, Palette
from grokterm.plots.text_lines import draw_text

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


def test_a_large_map_shows_its_corner_and_a_small_one_all_of_it_enlarged() -> None:
    assert fit_mosaic(97, width=63, height=38, palette=COLORS).side < 97
    small = fit_mosaic(5, width=63, height=38, palette=COLORS)
    assert (small.side, small.scale) == (5, 2)


def test_tiles_lie_side_by_side_under_their_names_and_the_chosen_one_is_marked() -> None:
    maps = [np.full((3, 3), -1.0), np.full((3, 3), 1.0)]
    mosaic = fit_mosaic(3, width=41, height=19, palette=ASCII)
    lines = text(draw_mosaic(maps, ["first", "second"], mosaic, width=41, height=19, limit=1.0, palette=ASCII, chosen=1))
    pitch = 3 * mosaic.scale + 1
    assert lines[0].startswith(" first"[:pitch])
    assert lines[0][pitch] == ">"
    assert lines[1][pitch : 2 * pitch - 1] == "@" * (pitch - 1)
    assert lines[1][: pitch - 1].strip() == ""


def test_every_outcome_has_its_own_character_and_its_own_color() -> None:
    table = np.arange(9)[None]
    assert text(draw_outcomes(table, width=9, height=1, palette=ASCII)) == [" -+x*.o,@"]
    rows = draw_outcomes(table, width=9, height=1, palette=COLORS)
    assert len({segment.style for row in rows for segment in row}) == 9


def test_a_table_that_does_not_fit_is_cut_off_and_a_small_one_enlarged() -> None:
    assert text(draw_outcomes(np.full((9, 9), 4), width=4, height=2, palette=ASCII)) == ["****"] * 2
    assert text(draw_outcomes(np.full((2, 2), 4), width=5, height=4, palette=ASCII)) == ["**** "] * 4


def test_shares_of_train_and_val_lie_beside_each_other() -> None:
    rows = draw_shares(np.ones((2, 2)), np.zeros((2, 2)), width=5, height=2, palette=ASCII)
    assert text(rows) == ["@@   "] * 2


@pytest.mark.parametrize(("width", "height"), [(0, 0), (1, 1), (4, 2)])
def test_no_sheet_is_too_small_for_shares(width: int, height: int) -> None:
    rows = draw_shares(np.ones((3, 3)), np.ones((3, 3)), width=width, height=height, palette=COLORS)
    assert [len(line) for line in text(rows)] == [width] * height


def test_words_break_between_parts_and_never_exceed_the_width() -> None:
    rows = draw_text(["aaaa", "bbbb", [("c", None), ("dd", None)], "e" * 30], width=12, palette=ASCII)
    assert text(rows) == ["aaaa   bbbb ", "cdd         ", "e" * 12]
    assert isinstance(rows[0][0], Segment)
