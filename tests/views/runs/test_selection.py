"""Which runs are listed, and which are marked."""

import pytest

from grokterm.errors import ConfigError
from grokterm.views.earlier import MOST_OVERLAYS
from grokterm.views.runs.selection import Selection
from tests.views.runs.rows import row

RUNS = [row(f"run-{n}", created=float(n), operation="add" if n % 2 else "divide") for n in range(8)]


def listed(selection: Selection) -> list[str]:
    return [run.name[-1] for run in selection.listed]


@pytest.fixture
def selection() -> Selection:
    found = Selection()
    found.read(RUNS)
    return found


def test_a_filter_leaves_what_it_finds_and_stays_when_the_folder_is_read_again(selection: Selection) -> None:
    selection.filter("op:divide")
    assert listed(selection) == ["6", "4", "2", "0"]
    selection.read([*RUNS, row("run-9", created=9.0, operation="divide")])
    assert listed(selection) == ["9", "6", "4", "2", "0"]
    selection.filter("")
    assert len(selection.listed) == 9


def test_a_run_that_has_changed_is_looked_at_again(selection: Selection) -> None:
    selection.filter("op:divide")
    selection.read([row("run-0", operation="add", path=RUNS[0].path), *RUNS[1:3]])
    assert listed(selection) == ["2"]


def test_a_filter_that_is_none_changes_nothing(selection: Selection) -> None:
    selection.filter("op:divide")
    with pytest.raises(ConfigError, match="nonsense"):
        selection.filter("nonsense:1")
    assert listed(selection) == ["6", "4", "2", "0"]


def test_no_more_runs_are_marked_than_are_drawn_each_in_a_color_of_its_own(selection: Selection) -> None:
    assert [selection.toggle(run.path) for run in RUNS] == [True] * MOST_OVERLAYS + [False, False]
    assert len(set(selection.marks.values())) == MOST_OVERLAYS
    assert selection.toggle(RUNS[0].path)
    assert [run.name for run in selection.marked_rows] == [f"run-{n}" for n in range(1, MOST_OVERLAYS)]


def test_a_run_that_is_gone_is_no_longer_marked(selection: Selection) -> None:
    selection.toggle(RUNS[0].path)
    selection.toggle(RUNS[1].path)
    selection.read(RUNS[1:])
    assert selection.marked_rows == [RUNS[1]]


def test_marked_runs_that_the_filter_hides_are_left_alone_and_counted(selection: Selection) -> None:
    for run in RUNS[:3]:
        selection.toggle(run.path)
    selection.filter("op:divide")
    assert selection.marked_rows == [RUNS[0], RUNS[2]]
    assert selection.hidden == "1 of 3 marked runs hidden by the filter"
    selection.filter("")
    assert (selection.marked_rows, selection.hidden) == (RUNS[:3], "")
