"""The lines of names and of keys: what does not fit is left out whole, and a click finds its place."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from grokterm.experiment.recording.trouble import Trouble
from grokterm.session.state import Phase
from grokterm.tui.keyboard import guide, hints, keys
from grokterm.tui.panes import panes
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.key_bar import Hint, KeyBar, arrange_hints
from grokterm.tui.widgets.tab_bar import TabBar, arrange_tabs
from grokterm.views.numbers import in_numbers
from grokterm.views.table import VIEWS
from grokterm.views.view import View
from tests.tui.driving import ENDLESS, SMALL, app_on, content, lab, state, training, until

OF_NETWORK = {name: key for name, key in panes().items() if name in VIEWS}
MANY = {**panes(), **{f"further {number}": f"f{number}" for number in range(1, 12)}}


@pytest.mark.parametrize("width", [20, 40, 45, 60, 80, 100, 120, 160])
@pytest.mark.parametrize("names", [panes(), OF_NETWORK, MANY], ids=["all", "network", "many"])
def test_the_shown_tab_is_whole_and_inside_the_bar_at_every_width(names: dict[str, str], width: int) -> None:
    for shown in names:
        tabs = arrange_tabs(names, shown, width)
        assert shown in [tab.written for tab in tabs]
        assert all(tab.end < width for tab in tabs)
        assert all(left.end < right.column for left, right in pairwise(tabs))


@pytest.mark.parametrize("width", [60, 80, 100])
def test_all_tabs_fit_into_a_small_terminal(width: int) -> None:
    for shown in panes():
        tabs = arrange_tabs(panes(), shown, width)
        assert [tab.name for tab in tabs] == list(panes())
        assert all(len(tab.written) >= min(len(tab.name), 3) for tab in tabs)


HINTS = (Hint("pause", [("space", "space")]), Hint("pace", [("<", "less_than_sign"), (">", "greater_than_sign")]))
LAST = Hint("help", [("?", "question_mark")])


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (60, " space pause  < > pace  ? help"),
        (31, " space pause  < > pace  ? help"),
        (29, " space pause  ? help"),
        (7, " ? help"),
    ],
)
def test_the_keys_that_fit_are_followed_by_the_one_that_shows_all(width: int, line: str) -> None:
    written = ""
    for place in arrange_hints((*HINTS, LAST), width):
        written = written.ljust(place.first) + place.text
    assert written == line


def test_a_click_on_a_key_or_its_label_presses_it() -> None:
    pressed = {place.text: place.key for place in arrange_hints((*HINTS, LAST), 60)}
    assert pressed["<"] == "less_than_sign"
    assert pressed[">"] == pressed["pace"] == "greater_than_sign"
    assert pressed["pause"] == "space"


def labels(**values: Any) -> dict[str, str]:  # noqa: ANN401 - whatever a situation holds
    return {" ".join(text for text, _ in hint.keys): hint.label for hint in hints(Situation(**values))}


@pytest.mark.parametrize(
    ("phase", "present", "absent"),
    [
        ("training", {"space": "pause", "w": "swap", "< >": "pace"}, {"."}),
        ("paused", {"space": "resume", ".": "step"}, set()),
        ("ended", {"space": "go on", "w": "swap", "r": "restart", "n": "new"}, {".", "e", "s", "< >"}),
        ("loading", {"q": "quit"}, {"w", "r", "c"}),
    ],
)
def test_the_footer_names_what_a_key_does_in_this_phase(phase: Phase, present: dict[str, str], absent: set[str]) -> None:
    assert labels(phase=phase).items() >= present.items()
    assert labels(phase=phase).keys().isdisjoint(absent)


def test_the_footer_names_what_a_key_does_in_this_view() -> None:
    assert labels(view=None).keys().isdisjoint("loz")
    assert "o" in labels(view=VIEWS["weights"])
    assert "o" not in labels(view=VIEWS["table"])
    assert labels(view=VIEWS["spectrum"])["enter"] == "zoom"
    assert labels(view=VIEWS["spectrum"], is_zoomed=True)["enter"] == "zoom out"
    assert labels(has_curves=True)["x"] == "log/linear"
    assert "x" not in labels(has_curves=False, view=VIEWS["weights"])
    assert [labels(has_curves=curves)["arrows"] for curves in (True, False)] == ["move", "scroll"]


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_what_stands_for_a_view_has_no_keys_of_pictures(view: View) -> None:
    slow = Situation(view=in_numbers(view), has_pictures=False)
    shown = {text for hint in hints(slow) for text, _ in hint.keys}
    listed = {shown for heading, rows in guide(slow).items() if "keys" in heading for shown, _ in rows}
    of_pictures = {"l", "o", "z", "x", "enter", "arrows", "t", "y", "m"}
    assert shown.isdisjoint(of_pictures)
    assert listed.isdisjoint(of_pictures)


def test_the_arrows_are_one_word_in_the_footer_when_one_has_another_key() -> None:
    moved = hints(Situation(), {"left": "H"})
    assert [key for hint in moved if hint.label == "move" for key in hint.keys] == [("arrows", "")]


@pytest.mark.parametrize(
    ("width", "phase", "seen"),
    [
        (80, "training", {"pause", "swap", "change", "detach", "look back", "quit", "save"}),
        (80, "paused", {"resume", "step", "swap", "change", "detach", "look back", "quit"}),
        (160, "training", {"pause", "swap", "change", "detach", "look back", "quit", "save", "compare", "more steps"}),
        (160, "paused", {"resume", "step", "swap", "change", "detach", "look back", "quit", "save", "compare"}),
    ],
)
def test_what_one_needs_first_is_in_the_footer(width: int, phase: Phase, seen: set[str]) -> None:
    is_wide = width == 160
    situation = Situation(phase, has_facts=is_wide, view=VIEWS["weights"] if is_wide else None)
    assert {place.text for place in arrange_hints(hints(situation), width)} >= {*seen, "help"}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_the_footer_of_a_view_names_what_its_own_keys_do(view: View) -> None:
    situation = Situation(has_curves=False, has_facts=False, view=view)
    shown = {place.text for place in arrange_hints(hints(situation), 80)}
    assert {"layer" if view.next_part else "help", "order" if "o" in view.other_keys else "help"} <= shown


@pytest.mark.parametrize("view", [None, *VIEWS.values()])
def test_the_help_lists_every_key_once_and_explains_every_term(view: Any) -> None:  # noqa: ANN401 - a view or none
    sections = guide(Situation(view=view))
    listed = [shown for heading, rows in sections.items() if "keys" in heading for shown, _ in rows]
    assert sorted(listed) == sorted(key.shown for key in keys())
    terms = dict(row for heading, rows in sections.items() if "terms" in heading for row in rows)
    assert terms.keys() >= {"memorized", "grokked"}
    assert all(terms.values())


@pytest.mark.parametrize("width", [80, 100, 120, 160])
@pytest.mark.parametrize("view", [None, *VIEWS.values()])
def test_how_a_comparison_ends_is_seen_while_there_is_one(width: int, view: Any) -> None:  # noqa: ANN401 - a view or none
    places = arrange_hints(hints(Situation(phase="ended", view=view, has_curves=width >= 110, is_comparing=True)), width)
    assert {"end comparison", "help"} <= {place.text for place in places}
    assert places[-1].end <= width


async def test_a_click_selects_a_tab_and_presses_a_key() -> None:
    app = app_on(ENDLESS)
    async with training(app, SMALL) as pilot:
        bar = app.screen.query_one("#views", TabBar)
        await pilot.click(bar, offset=(content(bar).index("spectrum"), 0))
        assert lab(app).view == "spectrum"
        assert "[3spectrum]" in content(bar)
        below = app.screen.query_one(KeyBar)
        await until(pilot, lambda: "l layer" in content(below), "the keys of the view")
        await pilot.click(below, offset=(content(below).index("pause"), 0))
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        await until(pilot, lambda: content(below).startswith(" space resume  . step"), "the keys of a pause")
        assert content(below).rstrip().endswith("? help")


def test_a_situation_that_stays_gives_the_same_line() -> None:
    assert hints(Situation()) == hints(replace(Situation()))


def test_the_footer_offers_first_to_save_what_was_not_saved() -> None:
    assert hints(Situation(phase="paused", is_unsaved=True))[0].label == "save again"
    assert labels(phase="paused")["s"] == "save"


@pytest.mark.parametrize(
    ("trouble", "first", "absent"),
    [
        ({"reason": "diverged", "last_good": 5}, "branch", {"space", ".", "w", "h", "s", "d"}),
        ({"reason": "out_of_memory"}, "try again", {"b", "d"}),
        ({"reason": "device_lost", "is_lost": True}, "look back", {"space", ".", "w", "h", "s", "b", "d"}),
        ({"reason": "process_died", "is_lost": True}, "open again", {".", "w", "h", "s", "b", "d"}),
    ],
)
def test_the_footer_of_a_training_in_trouble_shows_the_way_out(trouble: dict[str, Any], first: str, absent: set[str]) -> None:
    now: dict[str, Any] = {"phase": "paused", "trouble": Trouble(message="", **trouble)}
    assert hints(Situation(**now))[0].label == first
    assert not absent & labels(**now).keys()
