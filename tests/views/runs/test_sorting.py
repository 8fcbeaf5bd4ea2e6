"""The order of runs, and how fast they train."""

from pathlib import Path

import pytest

from grokterm.views.runs.columns import COLUMNS
from grokterm.views.runs.sorting import Sorting, Speeds
from tests.views.runs.rows import row

RUNS = [row("a", grokked_at=40), row("b", grokked_at=None), row("c", grokked_at=9), row("d", grokked_at=None, is_pinned=True)]


def names(sorting: Sorting) -> str:
    return "".join(run.name for run in sorting.sort(RUNS))


def test_runs_without_a_value_come_last_in_either_direction_and_pinned_ones_first() -> None:
    assert names(Sorting("grokked")) == "dcab"
    assert names(Sorting("grokked", is_reversed=True)) == "dacb"


@pytest.mark.parametrize("name", [one.name for one in COLUMNS])
def test_every_column_sorts(name: str) -> None:
    assert sorted(names(Sorting(name))) == ["a", "b", "c", "d"]


def test_the_newest_comes_first_unless_another_order_is_chosen() -> None:
    runs = [row("old", created=1.0), row("new", created=2.0)]
    assert [run.name for run in Sorting().sort(runs)] == ["new", "old"]


def test_going_through_the_columns_comes_back_to_the_first() -> None:
    sorting = Sorting()
    for _ in COLUMNS:
        sorting = sorting.beside(1)
    assert sorting == Sorting()
    assert Sorting("val").beside(-1).beside(1) == Sorting("val")


def test_choosing_a_column_again_turns_it_round() -> None:
    assert Sorting().chosen("val") == Sorting("val")
    assert Sorting("val").chosen("val") == Sorting("val", is_reversed=True)
    assert Sorting("val", is_reversed=True).chosen("val") == Sorting("val")


def test_a_speed_is_known_once_a_run_was_seen_to_get_further() -> None:
    speeds, path = Speeds(), Path("runs/a")
    for now, step in ((10.0, 100), (11.0, 100), (12.0, 400)):
        speeds.see([row("a", path=path, state="training", step=step)], now)
        assert bool(speeds.known()) == (step > 100)
    assert speeds.known() == {path: 150.0}


def test_a_speed_follows_what_was_seen_last_and_ends_with_the_training() -> None:
    speeds, path = Speeds(), Path("runs/a")
    for second in range(60):
        step = second * (10 if second < 30 else 50)
        speeds.see([row("a", path=path, state="training", step=step)], float(second))
    assert speeds.known()[path] == 50.0
    speeds.see([row("a", path=path)], 60.0)
    assert speeds.known() == {}
