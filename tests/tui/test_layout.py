"""Parts take turns while a network trains, and are shown at once when a key asks for them."""

from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.session.state import Event, LabState
from grokterm.tui import layout as layout_module
from grokterm.tui.layout import TEXT_SECONDS, LabLayout, Scene
from grokterm.tui.link import LINKS, Link
from tests.tui.driving import BRIEF

ALL = {"words", "curves", "network"}


class Watched(LabLayout):
    """Draws nothing, and notes what it would have drawn."""

    def __init__(self) -> None:
        super().__init__("frequency")
        self.seen: list[str] = []


@pytest.fixture
def layout(monkeypatch: pytest.MonkeyPatch) -> Watched:
    layout = Watched()

    def noting(name: str) -> Callable[..., bool]:
        def show(*_: object, **_options: object) -> bool:
            layout.seen.append(name)
            return True

        return show

    monkeypatch.setattr(layout.facts, "show", noting("words"))
    for name in ALL - {"words"}:
        monkeypatch.setattr(getattr(layout, name), "show", noting(name))
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: True)
    return layout


def scene(**values: Any) -> Scene:  # noqa: ANN401 - whatever a state holds
    state = replace(LabState(Experiment.from_toml(BRIEF)), **{"phase": "training", **values})
    return Scene(state, "run", state, None, "log")


def test_while_it_trains_words_and_curves_take_turns_with_the_network(layout: Watched) -> None:
    layout.follow(scene())
    for step in range(1, 13):
        layout.seen.clear()
        layout.follow(scene(step=step))
        assert layout.seen == (["words", "curves"] if step % 2 == 0 else ["network"])


def test_the_first_look_at_the_network_is_shown_at_once(layout: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: False)
    layout.follow(scene())
    layout.seen.clear()
    look = replace(scene(step=5), analysis=object())  # type: ignore[arg-type]  # no view asks it anything here
    layout.follow(look)
    assert set(layout.seen) == ALL
    layout.seen.clear()
    layout.follow(replace(look, state=replace(look.state, step=6)))
    assert layout.seen == []


def test_nothing_is_drawn_before_it_is_due_but_what_is_urgent(layout: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    layout.follow(scene())
    layout.seen.clear()
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: False)
    layout.follow(scene(step=5))
    assert layout.seen == []
    layout.follow(scene(step=6, events=(Event(6, "grokked"),)))
    assert layout.seen == ["words", "curves"]


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
def test_the_step_moves_on_every_second_however_rare_pictures_are(
    link: Link, layout: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.draw_for(link)
    monkeypatch.setattr(type(layout.network), "has_answer", True)
    layout.follow(scene())
    layout.seen.clear()
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: False)
    layout.follow(scene(step=5))
    assert layout.seen == []
    later = monotonic() + TEXT_SECONDS
    monkeypatch.setattr(layout_module, "monotonic", lambda: later)
    layout.follow(scene(step=6))
    assert layout.seen == ["words"]


@pytest.mark.parametrize("phase", ["paused", "ended"])
def test_once_nothing_trains_everything_is_brought_up_to_date_and_then_rests(
    phase: str, layout: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout.follow(scene())
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: False)
    layout.seen.clear()
    for stopped in (scene(phase=phase, step=7), scene(phase=phase, step=8)):
        layout.follow(stopped)
        assert set(layout.seen) == ALL
        layout.seen.clear()
        layout.follow(stopped)
        assert layout.seen == []


def test_an_answer_is_shown_as_soon_as_it_is_there(layout: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout._draw_budget, "is_due", lambda: False)
    monkeypatch.setattr(type(layout.network), "is_answered", True)
    layout.follow(scene())
    assert set(layout.seen) == ALL
