from dataclasses import replace

import pytest

from grokterm.experiment.recording.owner import Owner
from grokterm.reports.listing import listing, standing_in_short
from grokterm.runs.listing.row import RunRow, State
from tests.runs.listing.rows import row

RUN = row(
    "quick-weight_decay-0.3-20261121-165125",
    state="ended",
    ended="complete",
    step=12000,
    memorized_at=960,
    grokked_at=1180,
    train_accuracy=1.0,
    val_accuracy=0.998,
    told="weight_decay=0.3, seed=3",
)
BARE = row("liu-essay-20261121-165125", state="unknown")


def lines(*rows: RunRow, width: int | None = None) -> list[str]:
    heading, body = listing(rows, width)
    return [heading, *body.splitlines()]


@pytest.mark.parametrize(
    ("state", "ended", "short"),
    [
        ("ended", "complete", "complete"),
        ("interrupted", "interrupted", "interrupted"),
        ("killed", "killed", "killed"),
        ("training", None, "not yet (4711)"),
        ("paused", None, "paused (4711)"),
        ("unknown", None, "not known (gpu7)"),
    ],
)
def test_a_run_ended_or_was_killed_or_trains_or_nobody_knows(state: State, ended: str | None, short: str) -> None:
    one = replace(BARE, state=state, ended=ended, owner=Owner(pid=4711, host="gpu7"))
    assert standing_in_short(one) == short
    assert standing_in_short(BARE) == "not known"


def test_a_sweep_says_how_many_of_its_members_have_ended() -> None:
    sweep = row("tiny-sweep", kind="sweep", state="training", members=48, n_ended=12, told="train_fraction=0.2..0.9, seeds=8")
    assert standing_in_short(replace(sweep, owner=Owner(pid=4711, host="gpu7"))) == "12 of 48 (4711)"
    assert standing_in_short(replace(sweep, state="ended", n_ended=48, n_failed=2)) == "48 of 48, 2 failed"
    assert lines(sweep)[1].split(maxsplit=4) == ["tiny-sweep", "12", "of", "48", "sweep: train_fraction=0.2..0.9, seeds=8"]


def test_a_pipe_has_every_column_in_one_line() -> None:
    assert lines(RUN, BARE) == [
        "run                                     ended        step  memorized  grokked  train    val  differs from its preset",
        "quick-weight_decay-0.3-20261121-165125  complete   12,000        960    1,180  1.000  0.998  weight_decay=0.3, seed=3",
        "liu-essay-20261121-165125               not known       0",
    ]


def test_a_narrow_terminal_leaves_columns_out_and_no_name_is_cut() -> None:
    assert lines(RUN, BARE, width=80) == [
        "run                                     ended        step  grokked    val",
        "quick-weight_decay-0.3-20261121-165125  complete   12,000    1,180  0.998",
        "liu-essay-20261121-165125               not known       0",
    ]
    assert [line.split()[-1] for line in lines(RUN, width=96)] == ["differs", "weight_decay=0.3,", "seed=3"]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 90, 100, 120, 160])
def test_no_line_is_longer_than_the_terminal_is_wide_where_names_allow_it(width: int) -> None:
    named = replace(RUN, name="short-1", tags=("paper",), note="a note of some words")
    found = lines(named, replace(BARE, name="b"), width=width)
    assert "short-1" in found[1]
    if width >= 40:
        assert max(map(len, found)) <= width


def test_a_long_name_has_a_line_of_its_own_on_a_terminal() -> None:
    long = replace(RUN, name="x" * 300)
    _, first, second, *_ = lines(long, BARE, width=80)
    assert first == "x" * 300
    assert second.split()[:2] == ["complete", "12,000"]
    assert lines(long, BARE)[1].startswith(f"{'x' * 300}  complete")


def test_words_of_the_user_stand_behind_what_differs_or_below() -> None:
    noted = replace(RUN, tags=("paper", "fig-3"), note="mine", is_pinned=True)
    assert lines(noted)[1].endswith('weight_decay=0.3, seed=3  #paper #fig-3 "mine"')
    assert lines(noted, width=80)[2] == '    #paper #fig-3 "mine"'
    assert lines(noted)[1].startswith(f"{RUN.name} *  complete")


def test_escape_codes_are_not_shown() -> None:
    wild = replace(RUN, name="a\x1b[31mb", told="x\ny", note="\x1b]0;title\x07z", tags=("[bold]",))
    (line,) = lines(wild)[1:]
    assert line.startswith("ab   complete")
    assert line.endswith('x y  #[bold] "z"')
