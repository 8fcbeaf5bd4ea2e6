"""What the worker is asked, how often, and what came of it."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Literal

from grokterm.session.background import BackgroundWorker
from grokterm.views.view import Choice, Subject, View

Side = Literal["pinned", "present"]

SHARE_OF_TIME = 0.03
"""Of wall time, for answers that nobody waits for: those that follow a training."""


@dataclass(frozen=True)
class Question:
    """What is to be found of a network for a view."""

    view: View
    subject: Subject
    choice: Choice
    asked: Hashable

    def is_like(self, other: "Question") -> bool:
        """Tell whether only the network has changed."""
        return (self.view.name, self.asked) == (other.view.name, other.asked)


@dataclass(frozen=True)
class Found:
    """A question, and its answer."""

    side: Side
    question: Question
    value: object
    problem: str


class ViewRequests:
    """Has one thing worked out at a time, and keeps the last answer for each side."""

    def __init__(self) -> None:
        self.found: dict[Side, Found] = {}
        self._worker = BackgroundWorker()
        self._pending: tuple[Side, Question] | None = None
        self._due = 0.0

    def start(self) -> None:
        """Open."""
        self._worker.start()

    def leave(self) -> None:
        """Close."""
        self._worker.leave()

    def forget(self) -> None:
        """Drop what was found, and what is still being worked out."""
        self.found.clear()
        self._pending = None

    def ask(self, side: Side, question: Question, *, is_idle: bool) -> None:
        """Have something worked out: at once where somebody waits for it or nothing trains, else within a share of time."""
        known = self.found.get(side)
        if known is not None and known.question.is_like(question):
            if known.question.subject.analysis is question.subject.analysis:
                return
            if not is_idle and monotonic() < self._due:
                return
        if self._pending is None and self._worker.is_free:
            self._pending = side, question
            key = side, question.view.name, question.subject.analysis, question.asked
            self._worker.ask(key, partial(question.view.find, question.subject.analysis, question.asked))

    @property
    def is_answered(self) -> bool:
        """Tell whether an answer waits to be collected."""
        return self._pending is not None and self._worker.is_free

    def collect(self) -> Found | None:
        """Take in an answer, if there is a new one.

        Raises:
            BaseException: what should not have happened to the worker.
        """
        if self._worker.bug is not None:
            raise self._worker.bug
        if self._pending is None or not self._worker.is_free or (answer := self._worker.answer) is None:
            return None
        (side, question), self._pending = self._pending, None
        self.found[side] = Found(side, question, answer.value, answer.problem)
        self._due = monotonic() + answer.seconds / SHARE_OF_TIME
        return self.found[side]
