"""The picture of one network in the current view."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from grokterm.plots.cells import Rows
from grokterm.plots.text_lines import first_fitting, shortened
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.view_requests import Question, Side, ViewRequests
from grokterm.tui.widgets.picture import Picture
from grokterm.views.view import BORDER_BLANKS, Choice, ColorRanges, Sheet, Subject, View

NOTED = 5.0  # seconds from which on it is said how often an answer is renewed


class NetworkPicture(Picture):
    """Draws a view of one network; while its question is unanswered it says so."""

    def __init__(self, side: Side, view_requests: ViewRequests, draw_budget: DrawBudget) -> None:
        super().__init__(draw_budget, id=side, classes="picture")
        self.name_shown = ""  # before the title: the run, for the second network
        self._side: Side = side
        self._view_requests = view_requests
        self._ranges = ColorRanges()

    def answer_for(self, view: View) -> object:
        """Return the last answer to this view's question; None before the first."""
        known = self._view_requests.answers.get(self._side)
        return known.value if known is not None and known.question.view is view else None

    def sheet(self, width: int, height: int) -> Sheet:
        """Return the area that a view draws in."""
        return Sheet(width, height, self._palette, self._ranges)

    @property
    def has_held_ranges(self) -> bool:
        """Whether the color ranges stay as they are."""
        return self._ranges.is_held

    def hold_ranges(self, *, is_held: bool) -> None:
        """Keep the color ranges as they are, or fit them to the next picture and let them follow."""
        self._ranges.is_held = is_held
        if not is_held:
            self._ranges.forget()
        self.forget()

    def show(self, view: View, subject: Subject, choice: Choice, *, is_idle: bool) -> bool:
        """Draw a view of a network and ask its question, if it has one; return whether anything was drawn."""
        if not self.is_on_screen:
            return False
        asked = view.question(subject, choice, self.sheet(*self.size))
        if asked is None:
            return self._offer(view, subject, choice, None, is_idle=is_idle)
        question = Question(view, subject, choice, asked)
        self._view_requests.ask(self._side, question, is_idle=is_idle)
        answer = self._view_requests.answers.get(self._side)
        if answer is None or answer.question.view is not view:
            return self.say(view.name, ["computing…"])
        if answer.problem:
            return self.say(view.name, [answer.problem])
        answered = replace(subject, analysis=answer.question.subject.analysis)
        drawn_as = choice if answer.question.is_like(question) else answer.question.choice
        return self._offer(view, answered, drawn_as, answer.value, is_idle=is_idle)

    def say(self, title: str, words: Sequence[str]) -> bool:
        """Show text instead of a picture."""

        def draw(width: int, height: int) -> Rows:
            self._caption_of(title, "", width)
            sheet = self.sheet(width, height)
            return sheet.fill(sheet.words(words))

        return self.offer(("words", title, *words), draw)

    def _offer(self, view: View, subject: Subject, choice: Choice, value: object, *, is_idle: bool) -> bool:
        def draw(width: int, height: int) -> Rows:
            drawn = view.picture(subject, choice, self.sheet(width, height), value)
            self._caption_of(drawn.title, drawn.subtitle, width, "" if asks_nothing or is_idle else self._how_often())
            return drawn.rows

        asks_nothing, events = value is None, subject.state.events
        known = [one.step for one in subject.history[-1:]], len(subject.history)
        version = (view.name, subject.analysis, choice, id(value), known, events)
        return self.offer(version, draw, wish=None if is_idle else (view.name, choice))

    def _how_often(self) -> str:
        """Say how old the answer may become, in tens of seconds, if that is long."""
        interval = self._view_requests.interval
        return "" if interval < NOTED else f"anew every {10 * ceil(interval / 10)} s"

    def _caption_of(self, title: str, subtitle: str, width: int, how_often: str = "") -> None:
        named = f"{self.name_shown} · {title}" if self.name_shown else title
        room = width - BORDER_BLANKS
        if how_often:
            texts = (f"{subtitle} · {how_often}", f"{subtitle.partition(' · ')[0]} · {how_often}")
            subtitle = first_fitting(texts, room)
        self.caption(*(shortened(self._palette.printable(text), room, self._palette) for text in (named, subtitle)))
