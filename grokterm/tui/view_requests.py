"""Questions of views, answered one at a time in a background thread."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Literal

from grokterm.session.background import BackgroundWorker
from grokterm.views.view import Choice, Subject, View

Side = Literal["pinned", "present"]

SHARE_OF_TIME = 0.03  # share of a core for answers that only follow a training, and that no key has asked for


@dataclass(frozen=True)
class Question:
    """What a view asks of a network."""

    view: View
    subject: Subject
    choice: Choice
    asked: Hashable

    def is_like(self, other: "Question") -> bool:
        """Tell whether only the network differs."""
        return (self.view.name, self.asked) == (other.view.name, other.asked)


@dataclass(frozen=True)
class ViewAnswer:
    """A question and its answer."""

    side: Side
    question: Question
    value: object
    problem: str  # why there is no answer, for the user; empty if there is one


class ViewRequests:
    """Answers one question at a time, and keeps the last answer of each side."""

    def __init__(self) -> None:
        self.answers: dict[Side, ViewAnswer] = {}
        self._worker = BackgroundWorker()
        self._pending: tuple[Side, Question] | None = None
        self._due = 0.0
        self.interval = 0.0
        """Seconds from the last answer to the next one about a newer network, while it trains: few are not worth a word."""

    def start(self) -> None:
        """Start the thread."""
        self._worker.start()

    def leave(self) -> None:
        """End the thread, after the question in hand."""
        self._worker.stop()

    def forget(self) -> None:
        """Drop all answers, and the question in hand."""
        self.answers.clear()
        self._pending = None

    def ask(self, side: Side, question: Question, *, is_idle: bool) -> None:
        """Ask at once if the question is new or nothing trains; if only the network is new, within a share of a core."""
        known = self.answers.get(side)
        if known is not None and known.question.is_like(question):
            if known.question.subject.analysis is question.subject.analysis:
                return
            if not is_idle and monotonic() < self._due:
                return
        if self._pending is None and self._worker.is_idle:
            self._pending = side, question
            key = side, question.view.name, question.subject.analysis, question.asked
            self._worker.ask(key, partial(question.view.find, question.subject.analysis, question.asked))

    @property
    def is_answered(self) -> bool:
        """Tell whether an answer is ready that was not collected."""
        return self._pending is not None and self._worker.is_idle

    def collect(self) -> ViewAnswer | None:
        """Return a new answer, or None.

        Raises:
            BaseException: a bug of the view, which the thread has caught.
        """
        if self._worker.bug is not None:
            raise self._worker.bug
        if self._pending is None or not self._worker.is_idle or (answer := self._worker.answer) is None:
            return None
        (side, question), self._pending = self._pending, None
        self.answers[side] = ViewAnswer(side, question, answer.value, answer.problem)
        self.interval = answer.work / SHARE_OF_TIME
        self._due = monotonic() + self.interval
        return self.answers[side]
