"""Estimates over an axis."""

from math import inf, nan

import numpy as np
import pytest

from grokterm.plots.cells import Rows
from grokterm.plots.estimates import ASCII_MARKS, MARKS, Bracket, EstimateChart, Estimates, draw_estimates, mark_of
from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.plots.sanitize import plain_text
from grokterm.plots.ticks import Tick

ASCII = PALETTES["ascii"]
TICKS = [Tick(float(value), str(value)) for value in range(1, 5)]


def line(label: str, centers: list[float], spread: float = 0.0) -> Estimates:
    center = np.array(centers)
    x = np.arange(1.0, len(centers) + 1)
    return Estimates(label, x, center, center - spread, center + spread, np.zeros(len(x), dtype=np.bool_))


def drawn(*lines: Estimates, brackets: list[Bracket] | None = None, palette: PaletteName = "ascii") -> list[str]:
    chart = EstimateChart("measure", lines, TICKS, y_limits=(0, 1), brackets=brackets or [])
    return text(draw_estimates(chart, width=60, height=14, palette=PALETTES[palette]))


def text(rows: Rows) -> list[str]:
    return ["".join(segment.text for segment in row) for row in rows]


def columns(rows: list[str], mark: str) -> list[int]:
    return sorted(column for row in rows for column, character in enumerate(row) if character == mark)


def test_every_value_of_the_axis_has_its_mark_above_its_label() -> None:
    rows = drawn(line("", [0.0, 0.2, 0.6, 1.0]))
    assert columns(rows[1:-2], "o") == [rows[-1].index(str(value)) for value in range(1, 5)]
    heights = [next(y for y, row in enumerate(rows) if row[column] == "o") for column in columns(rows[1:-2], "o")]
    assert heights == sorted(heights, reverse=True)
    assert heights[0] == len(rows) - 3
    assert heights[-1] == 1


def test_a_value_that_is_no_text_is_printed_without_what_is_none() -> None:
    chart = EstimateChart("m\x9b2J", [line("l\x07", [0.5]), line("", [0.2])], [Tick(1.0, "\x1b]0;own\x07wide\u202e")])
    rows = "".join(text(draw_estimates(chart, width=60, height=14, palette=PALETTES["256"])))
    assert plain_text(rows) == rows
    assert "wide" in rows


def test_an_error_bar_reaches_from_the_lower_end_to_the_upper() -> None:
    rows = drawn(line("", [0.5, 0.5, 0.5, 0.5], spread=0.3))
    assert columns(rows[1:-2], "|").count(columns(rows[1:-2], "o")[0]) >= 5
    assert "|" not in "".join(row[6:] for row in drawn(line("", [0.5, 0.5, 0.5, 0.5])))


def test_a_step_that_was_never_reached_stands_above_the_axis_and_ends_the_line() -> None:
    rows = drawn(line("", [inf, inf, 0.5, 0.5]))
    assert "never" in rows[1]
    assert rows[1].count("^") == 2
    first_known = columns(rows, "o")[0]
    assert not any("." in row[6:first_known] for row in rows)
    assert any("." in row[first_known:] for row in rows)


def test_a_point_without_a_result_is_a_dot_on_the_axis() -> None:
    rows = drawn(line("", [nan, 0.5, nan, nan]))
    assert rows[-3][6:].count(".") == 3
    assert sum(row.count("o") for row in rows) == 1


def test_lines_stand_beside_each_other_where_they_have_the_same_values() -> None:
    rows = drawn(line("one", [0.5] * 4), line("two", [0.5] * 4), line("three", [0.5] * 4))
    assert rows[0].split() == ["measure", "o", "one", "x", "two", "+", "three"]
    for mark in "ox+":
        assert sum(row.count(mark) for row in rows[1:]) >= 4


def test_a_crossing_has_its_interval_on_the_axis() -> None:
    rows = drawn(line("", [0.0, 0.0, 1.0, 1.0]), brackets=[Bracket(2.5, 2.0, 3.0, 0)])
    first, last = rows[-1].index("2"), rows[-1].index("3")
    assert rows[-2][first : last + 1] == "=" * (last - first + 1)
    assert "=" not in rows[-2][:first] + rows[-2][last + 1 :]
    middle = (first + last) // 2
    assert any(":" in row[middle - 1 : middle + 2] for row in rows)


def test_a_long_interval_hides_no_short_one() -> None:
    lines, intervals = [line("a", [0.0, 0.0, 1.0, 1.0]), line("b", [0.0, 0.0, 1.0, 1.0])], [(2.0, 3.0, 0), (1.0, 4.0, 1)]
    chart = EstimateChart("measure", lines, TICKS, brackets=[Bracket(2.5, *interval) for interval in intervals])
    floor = draw_estimates(chart, width=60, height=14, palette=PALETTES["256"])[-2]
    inks = [segment.style for segment in floor if "━" in segment.text]
    assert len(inks) == 3
    assert inks[0] == inks[2] != inks[1]


@pytest.mark.parametrize("palette", ["256", "16", "mono", "ascii"])
@pytest.mark.parametrize("size", [(80, 24), (160, 45), (40, 9), (20, 6), (10, 3), (1, 1), (0, 0)])
def test_a_chart_has_the_size_that_is_asked_for(palette: PaletteName, size: tuple[int, int]) -> None:
    width, height = size
    lines = [line(f"variant {number}", [inf, 0.2, 0.4, nan], 0.1) for number in range(9)]
    rows = draw_estimates(EstimateChart("measure", lines, TICKS), width=width, height=height, palette=PALETTES[palette])
    assert [len(row) for row in text(rows)] == [width] * height


def test_a_chart_without_a_line_is_blank() -> None:
    assert text(draw_estimates(EstimateChart("", [], TICKS), width=30, height=9, palette=ASCII)) == [" " * 30] * 9


def test_nine_lines_have_nine_marks() -> None:
    for palette, marks in (("256", MARKS), ("ascii", ASCII_MARKS)):
        assert len({mark_of(number, PALETTES[palette]) for number in range(9)}) == len(marks) == 9  # type: ignore[index]


def test_ten_thousand_points_are_drawn_in_a_moment() -> None:
    n = 10_000
    x, center = np.arange(n, dtype=np.float64), np.linspace(0, 1, n)
    many = Estimates("", x, center, center - 0.1, center + 0.1, np.zeros(n, dtype=np.bool_))
    chart = EstimateChart("measure", [many], [Tick(float(value), str(value)) for value in x])
    rows = draw_estimates(chart, width=80, height=20, palette=ASCII)
    assert len(rows) == 20
