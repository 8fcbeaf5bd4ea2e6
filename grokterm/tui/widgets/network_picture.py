"""One network, as the chosen view shows it."""

from collections.abc import Sequence
from dataclasses import replace

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.plots.sanitize import plain_text
from grokterm.plots.words import draw_words
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.view_requests import Question, Side, ViewRequests
from grokterm.tui.widgets.picture import Picture
from grokterm.views.view import Choice, Drawn, Sheet, Subject, View


class NetworkPicture(Picture):
    """Draws what is at hand, and what the view_requests has found; until then it says what it waits for."""

    def __init__(self, side: Side, view_requests: ViewRequests, palette: Palette, draw_budget: DrawBudget) -> None:
        super().__init__(draw_budget, id=side, classes="picture")
        self.name_shown = ""
        """Stands before the title: the run, where it is not the present one."""

        self._side: Side = side
        self._view_requests = view_requests
        self._palette = palette
        self._limits: dict[str, float] = {}

    @property
    def found(self) -> object:
        """What the view_requests has found for it last."""
        known = self._view_requests.found.get(self._side)
        return None if known is None else known.value

    def sheet(self, width: int, height: int) -> Sheet:
        """Say where a view is to be drawn."""
        return Sheet(width, height, self._palette, self._limits)

    def rescale(self) -> None:
        """SingleNetwork the color ranges to what is shown next."""
        self._limits.clear()
        self.forget()

    def show(self, view: View, subject: Subject, choice: Choice, *, is_idle: bool) -> bool:
        """Show a view of a network; what has to be found for it is asked for. Return whether anything had to be drawn."""
        if not self.is_on_screen:
            return False
        asked = view.question(subject, choice, self.sheet(*self.size))
        if asked is None:
            return self._offer(view, subject, choice, None)
        question = Question(view, subject, choice, asked)
        self._view_requests.ask(self._side, question, is_idle=is_idle)
        found = self._view_requests.found.get(self._side)
        if found is None or found.question.view is not view:
            return self.say(view.name, ["working it out ..."])
        if found.problem:
            return self.say(view.name, [found.problem])
        drawn = replace(subject, analysis=found.question.subject.analysis)
        return self._offer(view, drawn, choice if found.question.is_like(question) else found.question.choice, found.value)

    def say(self, title: str, words: Sequence[str]) -> bool:
        """Show words instead of a picture."""

        def draw(width: int, height: int) -> Rows:
            self._caption_of(title, "")
            rows = draw_words(words, width=width, palette=self._palette)
            return (rows + Cells(width, height).rows())[:height]

        return self.offer(("words", title, *words), draw)

    def _offer(self, view: View, subject: Subject, choice: Choice, value: object) -> bool:
        def draw(width: int, height: int) -> Rows:
            drawn: Drawn = view.draw(subject, choice, self.sheet(width, height), value)
            self._caption_of(drawn.title, drawn.subtitle)
            return drawn.rows

        events = subject.state.events
        return self.offer((view.name, subject.analysis, choice, id(value), len(subject.history), events), draw)

    def _caption_of(self, title: str, subtitle: str) -> None:
        named = f"{self.name_shown} · {title}" if self.name_shown else title
        self.caption(self._palette_safe(named), self._palette_safe(subtitle))

    def _palette_safe(self, text: str) -> str:
        return self._palette.printable(text) if self._palette.is_ascii else plain_text(text)
