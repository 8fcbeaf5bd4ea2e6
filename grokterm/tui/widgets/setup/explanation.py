"""What explains a setting, or what is wrong with it."""

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from grokterm.plots.text_lines import in_few_lines


class Explanation(Widget):
    """A text that says if it goes on: in the help of the screen."""

    text: reactive[str] = reactive("")

    def __init__(self, text: str) -> None:
        super().__init__(id="explanation")
        self.set_reactive(Explanation.text, text)

    def render(self) -> Content:
        """Fill the lines there are."""
        return Content("\n".join(in_few_lines(self.text, *self.size)))
