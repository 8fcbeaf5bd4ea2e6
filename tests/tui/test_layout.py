"""Parts take turns while a network trains, and are shown at once when somebody waits for them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.plots.palettes import PALETTES
from grokterm.session.state import Event, LabState
from grokterm.tui.layout import Board, Scene
from tests.tui.driving import BRIEF

ALL = {"words", "accuracy", "loss", "network"}


class Watched(Board):
    """Draws nothing, and notes what it would have drawn."""

    def __init__(self) -> None:
        super().__init__(PALETTES["256"])
        self.seen: list[str] = []


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> Watched:
    board = Watched()

    def noting(name: str) -> Callable[..., bool]:
        def show(*_: object) -> bool:
            board.seen.append(name)
            return True

        return show

    monkeypatch.setattr(board.facts, "show", noting("words"))
    for name in ALL - {"words"}:
        monkeypatch.setattr(getattr(board, name), "show", noting(name))
    monkeypatch.setattr(board._budget, "is_due", lambda: True)
    return board


def scene(**values: Any) -> Scene:  # noqa: ANN401 - whatever a state holds
    state = replace(LabState(Experiment.from_toml(BRIEF)), **{"phase": "training", **values})
    return Scene(state, "run", state, None, "log")


def test_while_it_trains_one_picture_is_drawn_at_a_time_and_words_with_each(board: Watched) -> None:
    board.follow(scene())
    for step in range(1, 13):
        board.seen.clear()
        board.follow(scene(step=step))
        assert len(board.seen) == 2
        assert board.seen[0] == "words"


def test_every_picture_has_its_turn(board: Watched) -> None:
    for step in range(9):
        board.follow(scene(step=step))
    assert {board.seen.count(name) for name in ALL - {"words"}} == {3}


def test_the_first_look_at_the_network_is_shown_at_once(board: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board._budget, "is_due", lambda: False)
    board.follow(scene())
    board.seen.clear()
    look = replace(scene(step=5), examination=object())  # type: ignore[arg-type]  # nobody examines anything here
    board.follow(look)
    assert set(board.seen) == ALL
    board.seen.clear()
    board.follow(replace(look, state=replace(look.state, step=6)))
    assert board.seen == []


def test_nothing_is_drawn_before_it_is_due_but_news(board: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    board.follow(scene())
    board.seen.clear()
    monkeypatch.setattr(board._budget, "is_due", lambda: False)
    board.follow(scene(step=5))
    assert board.seen == []
    board.follow(scene(step=6, events=(Event(6, "grokked"),)))
    assert board.seen == ["words"]


@pytest.mark.parametrize("phase", ["paused", "ended"])
def test_once_nothing_trains_everything_is_brought_up_to_date_and_then_rests(
    phase: str, board: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.follow(scene())
    monkeypatch.setattr(board._budget, "is_due", lambda: False)
    board.seen.clear()
    for stopped in (scene(phase=phase, step=7), scene(phase=phase, step=8)):
        board.follow(stopped)
        assert set(board.seen) == ALL
        board.seen.clear()
        board.follow(stopped)
        assert board.seen == []


def test_an_answer_is_shown_as_soon_as_it_is_there(board: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board._budget, "is_due", lambda: False)
    monkeypatch.setattr(type(board.network), "is_answered", True)
    board.follow(scene())
    assert set(board.seen) == ALL
