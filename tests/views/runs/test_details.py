"""A run in full."""

from grokterm.runs.listing.row import RunRow
from grokterm.views.runs.details import draw_details
from tests.views.runs.rows import around, row

TOLD = row(
    title="The exact solution, and how long it takes until a network has found it",
    differences={"optimizer.weight_decay": 0.3, "seed": 7},
    tags=("paper", "fig-3"),
    note="slingshots [after] 10k",
    parent="quick-1@200",
    ungrokked_at=90,
)


def lines(run: RunRow, width: int = 60, height: int = 20) -> list[str]:
    drawn = draw_details(run, around(), "runs/here", width, height)
    return ["".join(cell.text for cell in line).rstrip() for line in drawn]


def test_everything_is_told_where_there_is_room() -> None:
    shown = "\n".join(lines(TOLD))
    for words in (
        *("The exact solution, and how long it takes until a network", "optimizer.weight_decay 0.3", "seed 7", "#paper #fig-3"),
        *("slingshots [after] 10k", "operation add", "complete at step 200 of 200", "memorized 19", "grokked 40 (2.1x)"),
        *("ungrokked 90", "val 0.9984", "begun 1 h ago", "in runs/here", "branch of quick-1@200"),
    ):
        assert words in shown


def test_title_and_path_stay_where_there_is_little() -> None:
    assert lines(TOLD, 78, 2) == [TOLD.title, "in runs/here   branch of quick-1@200"]
    assert len(lines(TOLD, 78, 5)) == 5


def test_a_long_note_leaves_room_for_what_became_of_the_run() -> None:
    shown = lines(row(note="a long story " * 40), 78, 6)
    assert any("complete at step 200 of 200" in line for line in shown)
    assert any(line.endswith("…") for line in shown)


def test_a_run_that_cannot_be_read_says_why() -> None:
    shown = lines(row(title="", problem="run x: experiment.toml cannot be read", preset=""))
    assert "run x: experiment.toml cannot be read" in shown
    assert not any("step" in line for line in shown)
