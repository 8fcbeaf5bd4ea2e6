"""Which columns fit, and what their lines say."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.segment import Segment

from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.columns import COLUMNS
from grokterm.views.runs.layout import arrange, column_at, draw_header, draw_row
from grokterm.views.runs.sorting import Sorting
from tests.views.runs.rows import around, row

HOSTILE = "[red]x[/red]\x1b[2J\x1b]0;owned\x07\n\u202e日本\t" + "y" * 300


def text(cells: Sequence[Segment]) -> str:
    return "".join(one.text for one in cells)


def columns(rows: Sequence[RunRow], width: int, sorted_by: str = "age") -> list[str]:
    return [one.column.name for one in arrange(rows, width, sorted_by)]


def line(run: RunRow, width: int, palette: PaletteName = "256") -> str:
    return text(draw_row(run, arrange([run], width, "age"), around(palette)))


def test_a_narrow_list_has_what_tells_runs_apart_and_a_wide_one_more() -> None:
    runs = [row(f"liu-essay-weight_decay-0.3-seed-{n}-20261129-052055", told=f"weight_decay=0.3, seed={n}") for n in range(3)]
    assert columns(runs, 76) == ["name", "differs", "grokked", "val", "age", "state"]
    assert set(columns(runs, 156)) > {"network", "fraction", "steps", "memorized", *columns(runs, 76)}


@pytest.mark.parametrize("name", [one.name for one in COLUMNS])
def test_the_column_that_runs_are_sorted_by_is_there_at_any_width(name: str) -> None:
    assert name in columns([row()], 76, name)
    placed = arrange([row()], 76, name)
    assert placed[-1].first + placed[-1].width <= 76
    assert name == "steps" or any(f"{name}{arrow}" in text(draw_header(placed, around(), Sorting(name))) for arrow in "↑↓")
    assert "↓" in text(draw_header(placed, around(), Sorting(name))) or "↑" in text(
        draw_header(placed, around(), Sorting(name))
    )


def test_a_column_that_says_nothing_of_any_run_makes_room_for_others() -> None:
    assert "tags" not in columns([row()], 156)
    assert "tags" in columns([row(), row("other", tags=("paper",))], 156)


@given(st.integers(56, 200), st.sampled_from(sorted(PALETTES)), st.sampled_from([one.name for one in COLUMNS]))
def test_a_line_is_as_wide_as_the_list_and_one_line_whatever_a_run_is_called(
    width: int, palette: PaletteName, sorted_by: str
) -> None:
    runs = [
        row(),
        row(HOSTILE, preset=HOSTILE, told=HOSTILE, tags=(HOSTILE,), architecture=HOSTILE, problem=""),
        row("", told=""),
    ]
    placed = arrange(runs, width, sorted_by)
    shown = [
        draw_header(placed, around(palette), Sorting(sorted_by)),
        *(draw_row(one, placed, around(palette)) for one in runs),
    ]
    for cells in shown:
        assert len(text(cells)) <= max(width, placed[-1].first + placed[-1].width)
        assert text(cells).isprintable()
        assert palette != "ascii" or text(cells).isascii()


def test_markup_is_text() -> None:
    assert "[red]x[/red]" in line(row("[red]x[/red]"), 100)


def test_the_values_of_settings_are_kept_where_their_names_are_cut() -> None:
    shown = line(row("a-name-that-is-long-20261129-052055", told="weight_decay=0.3, train_fraction=0.25"), 90)
    assert "=0.3" in shown
    assert "=0.25" in shown


def test_a_name_loses_first_what_the_rest_of_its_row_says() -> None:
    run = row("quick-weight_decay-0.3-seed-7-20261129-052055", told="weight_decay=0.3, seed=7")
    assert "quick…052055" in line(run, 76)
    assert "quick-weight_decay-0.3-seed-7…052055" in line(run, 220)


@pytest.mark.parametrize(
    ("known", "words"),
    [
        ({}, "complete"),
        ({"state": "training"}, "● 12.3k/s"),
        ({"state": "paused"}, "‖ paused"),
        ({"state": "killed"}, "× killed"),
        ({"state": "interrupted", "ended": "interrupted"}, "○ interrupted"),
        ({"state": "unknown", "ended": None}, "? unknown"),
        ({"ended": "diverged"}, "∞ diverged"),
        ({"state": "interrupted", "ended": "out_of_memory"}, "× no memory"),
        ({"state": "interrupted", "ended": "device_lost"}, "× device lost"),
        ({"state": "paused", "ended": None, "trouble": "diverged"}, "‖ diverged"),
        ({"problem": "experiment.toml cannot be read"}, "? unreadable"),
        ({"kind": "sweep", "state": "interrupted", "members": 48, "n_ended": 12}, "○ 12 of 48"),
        ({"kind": "sweep", "state": "ended", "members": 48, "n_ended": 48, "n_failed": 2}, "× 2 failed"),
    ],
)
def test_the_state_of_a_run_is_said_in_a_word_and_a_sign(known: dict[str, Any], words: str) -> None:
    run = row(**known)
    assert words in text(draw_row(run, arrange([run], 76, "age"), around(speeds={run.path: 12_345.0})))


def test_a_run_that_cannot_be_read_says_why_in_its_line() -> None:
    assert "its settings" in line(row(problem="its settings cannot be read", told=""), 100)
    assert "no plugin se" in line(row(lacks="network towers of towers.py", told="seed=3"), 100)


def test_a_run_that_is_marked_or_pinned_has_a_sign_at_its_left() -> None:
    placed = arrange([row()], 76, "age")
    assert text(draw_row(row(is_pinned=True), placed, around(), "first"))[:4] == " ●▲ "
    assert text(draw_row(row(is_pinned=True), placed, around("ascii"), "first"))[:4] == " o^ "


def test_a_click_on_a_heading_finds_its_column() -> None:
    placed = arrange([row()], 156, "age")
    heading = text(draw_header(placed, around(), Sorting()))
    assert column_at(placed, heading.index("grokked")) == "grokked"
    assert not column_at(placed, 0)
