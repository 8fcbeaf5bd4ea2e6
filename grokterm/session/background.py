"""A background thread for the screen's computations, so that neither screen nor training waits for them."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Condition, Thread
from time import perf_counter, thread_time

from grokterm.errors import GroktermError


@dataclass(frozen=True)
class Answer:
    """The result of a question."""

    question: Hashable
    value: object  # None if it cannot be computed
    problem: str  # why not, for the user; empty if it was
    seconds: float  # wall time of the computation
    work: float  # seconds of processor time that it took


class BackgroundWorker(Thread):
    """Answers one question at a time; a new question replaces one that has not started."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self.answer: Answer | None = None  # the last one
        self.bug: BaseException | None = None  # an unexpected exception, for a traceback
        self._next: tuple[Hashable, Callable[[], object]] | None = None
        self._latest: Hashable = None
        self._is_stopping = False
        self._changed = Condition()

    def ask(self, question: Hashable, work: Callable[[], object]) -> None:
        """Call `work` in this thread, unless it is the latest question already."""
        with self._changed:
            if question != self._latest:
                self._latest, self._next = question, (question, work)
                self._changed.notify()

    @property
    def is_idle(self) -> bool:
        """Whether the latest question is answered."""
        return self._latest is None or (self.answer is not None and self.answer.question == self._latest)

    def stop(self) -> None:
        """End after the current question."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Answer questions until stopped."""
        while (asked := self._wait()) is not None:
            question, work = asked
            started, worked, value, problem = perf_counter(), thread_time(), None, ""
            try:
                value = work()
            except GroktermError as error:
                problem = str(error)
            except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
                self.bug = error
                return
            self.answer = Answer(question, value, problem, perf_counter() - started, thread_time() - worked)

    def _wait(self) -> tuple[Hashable, Callable[[], object]] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._is_stopping or self._next is not None)
            asked, self._next = self._next, None
            return None if self._is_stopping else asked
