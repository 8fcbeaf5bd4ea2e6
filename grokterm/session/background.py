"""Works things out for the screen, so that neither the screen nor the training waits for it."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from threading import Condition, Thread
from time import perf_counter

from grokterm.errors import GroktermError


@dataclass(frozen=True)
class Answer:
    """What came of a question."""

    question: Hashable
    value: object
    """None where it cannot be worked out."""

    problem: str
    """Why it cannot, for the user."""

    seconds: float
    """Wall time that it took, which other threads may have helped with."""


@dataclass(frozen=True)
class _Question:
    key: Hashable
    work: Callable[[], object]


class BackgroundWorker(Thread):
    """Answers one question at a time; one that has not been begun when another comes is dropped."""

    def __init__(self) -> None:
        super().__init__(name="worker", daemon=True)
        self.answer: Answer | None = None
        """The last answer."""

        self.bug: BaseException | None = None
        """What should not have happened, for a traceback."""

        self._next: _Question | None = None
        self._asked: Hashable = None
        self._left = False
        self._bell = Condition()

    def ask(self, question: Hashable, work: Callable[[], object]) -> None:
        """Have something worked out, unless it was the last thing asked for."""
        with self._bell:
            if question != self._asked:
                self._asked, self._next = question, _Question(question, work)
                self._bell.notify()

    @property
    def is_free(self) -> bool:
        """Tell whether everything that was asked for is answered."""
        return self._asked is None or (self.answer is not None and self.answer.question == self._asked)

    def leave(self) -> None:
        """End once the question in hand is answered."""
        with self._bell:
            self._left = True
            self._bell.notify()

    def run(self) -> None:
        """Answer questions until told to leave."""
        while (question := self._wait()) is not None:
            begun = perf_counter()
            value, problem = None, ""
            try:
                value = question.work()
            except GroktermError as error:
                problem = str(error)
            except BaseException as error:  # noqa: BLE001 - handed to the screen, which raises it
                self.bug = error
                return
            self.answer = Answer(question.key, value, problem, perf_counter() - begun)

    def _wait(self) -> _Question | None:
        with self._bell:
            self._bell.wait_for(lambda: self._left or self._next is not None)
            question, self._next = self._next, None
            return None if self._left else question
