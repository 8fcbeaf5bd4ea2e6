"""The first line of the setup and of the runs: what this is, and a tab for either."""

from textual.content import Content
from textual.events import Click
from textual.widget import Widget

GREETING = "grokterm · the terminal laboratory for grokking"
TABS = ("presets", "runs")
KEY = "R"  # goes from one to the other


class HomeBanner(Widget):
    """`grokterm · ...                    [presets] Rruns`; a click on a tab presses its key."""

    ALLOW_SELECT = False

    def __init__(self, shown: str) -> None:
        super().__init__(id="banner")
        self._shown = shown

    def render(self) -> Content:
        """Set the tabs flush right."""
        tabs: list[str | tuple[str, str]] = []
        for name in TABS:
            tabs += [("[", "dim"), (name, "bold $primary"), ("]", "dim")] if name == self._shown else [(KEY, "dim"), name]
            tabs.append(" ")
        written = Content.assemble(*tabs[:-1])
        room = self.size.width - written.cell_length
        return Content.assemble((GREETING, "bold"), " " * max(room - len(GREETING), 1), written)

    def on_click(self, event: Click) -> None:
        """Go to the other tab."""
        written = sum(len(name) for name in TABS) + len("[] ") + len(KEY)
        if event.x >= self.size.width - written:
            self.app.simulate_key(KEY)
