"""The analyst is asked at once where somebody waits, and seldom where only the network has changed."""

from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, cast

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.session.state import LabState
from grokterm.tui import view_requests as desk_module
from grokterm.tui.view_requests import Desk, Found, Question
from grokterm.views.view import Choice, Drawn, Subject, View

if TYPE_CHECKING:
    from grokterm.inspection.analysis import Examination

SECONDS = 60.0
ENDS = LabState(Experiment())


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk()
    desk.start()
    yield desk
    desk.leave()


def question(network: object, asked: str = "all", *, find: object = lambda *_: None) -> Question:
    view = View("tried", lambda *_: Drawn([], "", ""), find=find)  # type: ignore[arg-type]
    return Question(view, Subject(ENDS, cast("Examination", network)), Choice(), asked)


def answer(desk: Desk) -> Found:
    deadline = monotonic() + SECONDS
    while (found := desk.collect()) is None:
        assert monotonic() < deadline
    return found


def test_a_question_is_answered_once(desk: Desk) -> None:
    asked = question("network", find=lambda network, what: f"{what} of {network}")
    desk.ask("present", asked, is_idle=False)
    assert answer(desk).value == "all of network"
    desk.ask("present", asked, is_idle=True)
    assert desk.collect() is None
    assert desk.found["present"].question is asked


def test_another_network_waits_until_the_last_answer_is_paid_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ask("present", question("first"), is_idle=False)
    answer(desk)
    now = monotonic()
    monkeypatch.setattr(desk_module, "monotonic", lambda: now)
    desk._due = now + 1
    desk.ask("present", question("second"), is_idle=False)
    assert desk._pending is None
    desk.ask("present", question("second", "something else"), is_idle=False)
    assert answer(desk).question.asked == "something else"


def test_while_nothing_trains_it_does_not_wait(desk: Desk) -> None:
    desk.ask("present", question("first"), is_idle=False)
    answer(desk)
    desk._due = monotonic() + 3600
    desk.ask("present", question("second"), is_idle=True)
    assert answer(desk).question.subject.examination == cast("Examination", "second")


def test_both_sides_are_answered_one_after_the_other(desk: Desk) -> None:
    desk.ask("pinned", question("left"), is_idle=False)
    desk.ask("present", question("right"), is_idle=False)
    assert answer(desk).side == "pinned"
    desk.ask("present", question("right"), is_idle=False)
    assert answer(desk).side == "present"


def test_what_was_forgotten_is_not_answered(desk: Desk) -> None:
    desk.ask("present", question("old"), is_idle=False)
    desk.forget()
    assert desk.collect() is None
    assert not desk.found


def test_a_bug_of_the_analyst_is_raised(desk: Desk) -> None:
    desk.ask("present", question("network", find=lambda *_: 1 // 0), is_idle=False)
    with pytest.raises(ZeroDivisionError):
        answer(desk)
