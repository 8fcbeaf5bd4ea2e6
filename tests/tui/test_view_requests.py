"""A new question is asked at once, and one about a newer network within a share of time."""

from collections.abc import Iterator
from time import monotonic
from typing import TYPE_CHECKING, cast

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.session import background
from grokterm.session.state import LabState
from grokterm.tui import view_requests as view_requests_module
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.view_requests import Question, ViewAnswer, ViewRequests
from grokterm.tui.widgets.lab.network_picture import NetworkPicture
from grokterm.views.view import Choice, Drawn, Subject, View

if TYPE_CHECKING:
    from grokterm.inspection.analysis import NetworkAnalysis

SECONDS = 60.0
ENDS = LabState(Experiment())


@pytest.fixture
def view_requests() -> Iterator[ViewRequests]:
    view_requests = ViewRequests()
    view_requests.start()
    yield view_requests
    view_requests.leave()


def question(network: object, asked: str = "all", *, find: object = lambda *_: None) -> Question:
    view = View("tried", lambda *_: Drawn([], "", ""), find=find)  # type: ignore[arg-type]
    return Question(view, Subject(ENDS, cast("NetworkAnalysis", network)), Choice(), asked)


def answer(view_requests: ViewRequests) -> ViewAnswer:
    deadline = monotonic() + SECONDS
    while (found := view_requests.collect()) is None:
        assert monotonic() < deadline
    return found


def test_a_question_is_answered_once(view_requests: ViewRequests) -> None:
    asked = question("network", find=lambda network, what: f"{what} of {network}")
    view_requests.ask("present", asked, is_idle=False)
    assert answer(view_requests).value == "all of network"
    view_requests.ask("present", asked, is_idle=True)
    assert view_requests.collect() is None
    assert view_requests.answers["present"].question is asked


def test_another_network_waits_until_the_last_answer_is_paid_for(
    view_requests: ViewRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    view_requests.ask("present", question("first"), is_idle=False)
    answer(view_requests)
    now = monotonic()
    monkeypatch.setattr(view_requests_module, "monotonic", lambda: now)
    view_requests._due = now + 1
    view_requests.ask("present", question("second"), is_idle=False)
    assert view_requests._pending is None
    view_requests.ask("present", question("second", "something else"), is_idle=False)
    assert answer(view_requests).question.asked == "something else"


def test_what_is_paid_for_is_the_work_and_not_the_wait_for_a_busy_machine(
    view_requests: ViewRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    work, clock = iter([1.0, 1.3]), iter([0.0, 100.0])
    monkeypatch.setattr(background, "thread_time", lambda: next(work))
    monkeypatch.setattr(background, "perf_counter", lambda: next(clock))
    view_requests.ask("present", question("network"), is_idle=False)
    answer(view_requests)
    assert view_requests.interval == pytest.approx(10)


@pytest.mark.parametrize(("interval", "said"), [(0.0, ""), (4.0, ""), (5.0, "anew every 10 s"), (33.0, "anew every 40 s")])
def test_numbers_that_become_old_say_so(interval: float, said: str, view_requests: ViewRequests) -> None:
    view_requests.interval = interval
    assert NetworkPicture("present", view_requests, DrawBudget())._how_often() == said


def test_while_nothing_trains_it_does_not_wait(view_requests: ViewRequests) -> None:
    view_requests.ask("present", question("first"), is_idle=False)
    answer(view_requests)
    view_requests._due = monotonic() + 3600
    view_requests.ask("present", question("second"), is_idle=True)
    assert answer(view_requests).question.subject.analysis == cast("NetworkAnalysis", "second")


def test_both_sides_are_answered_one_after_the_other(view_requests: ViewRequests) -> None:
    view_requests.ask("pinned", question("left"), is_idle=False)
    view_requests.ask("present", question("right"), is_idle=False)
    assert answer(view_requests).side == "pinned"
    view_requests.ask("present", question("right"), is_idle=False)
    assert answer(view_requests).side == "present"


def test_what_was_forgotten_is_not_answered(view_requests: ViewRequests) -> None:
    view_requests.ask("present", question("old"), is_idle=False)
    view_requests.forget()
    assert view_requests.collect() is None
    assert not view_requests.answers


def test_a_bug_of_the_worker_is_raised(view_requests: ViewRequests) -> None:
    view_requests.ask("present", question("network", find=lambda *_: 1 // 0), is_idle=False)
    with pytest.raises(ZeroDivisionError):
        answer(view_requests)
