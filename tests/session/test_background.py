from collections.abc import Iterator
from functools import partial
from threading import Event
from time import sleep

import pytest

from grokterm.errors import CheckpointError
from grokterm.session.background import BackgroundWorker

SECONDS = 60.0


def wait_for(worker: BackgroundWorker) -> None:
    """Let the worker answer everything that was asked."""
    while not worker.is_idle:
        sleep(0.001)


@pytest.fixture
def worker() -> Iterator[BackgroundWorker]:
    worker = BackgroundWorker()
    worker.start()
    yield worker
    worker.stop()
    worker.join(SECONDS)
    assert not worker.is_alive()


def test_a_question_is_answered_in_another_thread(worker: BackgroundWorker) -> None:
    asked, worked = Event(), Event()

    def work() -> int:
        assert asked.wait(SECONDS)
        worked.set()
        return 7

    worker.ask("seven", work)
    assert not worker.is_idle
    asked.set()
    assert worked.wait(SECONDS)
    wait_for(worker)
    assert worker.answer is not None
    assert (worker.answer.question, worker.answer.value, worker.answer.problem) == ("seven", 7, "")


def test_of_the_questions_that_wait_only_the_last_is_answered(worker: BackgroundWorker) -> None:
    begun, free = Event(), Event()
    worked: list[str] = []

    def work(question: str) -> None:
        worked.append(question)
        begun.set()
        assert free.wait(SECONDS)

    worker.ask("first", partial(work, "first"))
    assert begun.wait(SECONDS)
    worker.ask("second", partial(work, "second"))
    worker.ask("third", partial(work, "third"))
    free.set()
    wait_for(worker)
    assert worked == ["first", "third"]


def test_the_same_question_is_worked_out_once(worker: BackgroundWorker) -> None:
    times: list[int] = []
    done = Event()
    for _ in range(3):
        worker.ask("again", lambda: times.append(1))
    wait_for(worker)
    worker.ask("again", lambda: times.append(1))
    worker.ask("done", done.set)
    assert done.wait(SECONDS)
    assert times == [1]


def test_what_the_user_can_mend_is_said(worker: BackgroundWorker) -> None:
    def work() -> None:
        raise CheckpointError("there is none")

    worker.ask("broken", work)
    wait_for(worker)
    assert worker.answer is not None
    assert (worker.answer.value, worker.answer.problem) == (None, "there is none")
    assert worker.bug is None


def test_a_bug_is_handed_to_whoever_watches() -> None:
    worker = BackgroundWorker()
    worker.start()
    worker.ask("bug", lambda: 1 // 0)
    worker.join(SECONDS)
    assert isinstance(worker.bug, ZeroDivisionError)
