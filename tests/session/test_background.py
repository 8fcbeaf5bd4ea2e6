from collections.abc import Iterator
from functools import partial
from threading import Event
from time import sleep

import pytest

from grokterm.errors import CheckpointError
from grokterm.session.background import Analyst

SECONDS = 60.0


def wait_for(analyst: Analyst) -> None:
    """Let the analyst answer everything that was asked."""
    while not analyst.is_free:
        sleep(0.001)


@pytest.fixture
def analyst() -> Iterator[Analyst]:
    analyst = Analyst()
    analyst.start()
    yield analyst
    analyst.leave()
    analyst.join(SECONDS)
    assert not analyst.is_alive()


def test_a_question_is_answered_in_another_thread(analyst: Analyst) -> None:
    asked, worked = Event(), Event()

    def work() -> int:
        assert asked.wait(SECONDS)
        worked.set()
        return 7

    analyst.ask("seven", work)
    assert not analyst.is_free
    asked.set()
    assert worked.wait(SECONDS)
    wait_for(analyst)
    assert analyst.answer is not None
    assert (analyst.answer.question, analyst.answer.value, analyst.answer.problem) == ("seven", 7, "")


def test_of_the_questions_that_wait_only_the_last_is_answered(analyst: Analyst) -> None:
    begun, free = Event(), Event()
    worked: list[str] = []

    def work(question: str) -> None:
        worked.append(question)
        begun.set()
        assert free.wait(SECONDS)

    analyst.ask("first", partial(work, "first"))
    assert begun.wait(SECONDS)
    analyst.ask("second", partial(work, "second"))
    analyst.ask("third", partial(work, "third"))
    free.set()
    wait_for(analyst)
    assert worked == ["first", "third"]


def test_the_same_question_is_worked_out_once(analyst: Analyst) -> None:
    times: list[int] = []
    done = Event()
    for _ in range(3):
        analyst.ask("again", lambda: times.append(1))
    wait_for(analyst)
    analyst.ask("again", lambda: times.append(1))
    analyst.ask("done", done.set)
    assert done.wait(SECONDS)
    assert times == [1]


def test_what_the_user_can_mend_is_said(analyst: Analyst) -> None:
    def work() -> None:
        raise CheckpointError("there is none")

    analyst.ask("broken", work)
    wait_for(analyst)
    assert analyst.answer is not None
    assert (analyst.answer.value, analyst.answer.problem) == (None, "there is none")
    assert analyst.bug is None


def test_a_bug_is_handed_to_whoever_watches() -> None:
    analyst = Analyst()
    analyst.start()
    analyst.ask("bug", lambda: 1 // 0)
    analyst.join(SECONDS)
    assert isinstance(analyst.bug, ZeroDivisionError)
