"""The manual: what every key does, and the pages that `grokterm help` shows too."""

from importlib.resources import files
from typing import ClassVar

from rich.console import RenderableType
from rich.markdown import Markdown
from rich.table import Table
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from grokterm.tui.keys import keys

KEYS_TOPIC = "keys"


class HelpScreen(ModalScreen[None]):
    """Topics on the left, the page of the highlighted one on the right; the keys come first."""

    CSS = """
    HelpScreen .dialog { width: 110; height: 90%; padding: 0 1; border-subtitle-color: $text-muted; }
    HelpScreen #topics { width: 15; height: 1fr; padding: 0; border: none; background: $surface; scrollbar-size-vertical: 1; }
    HelpScreen VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss(None)", "Close"),
        Binding("pagedown,space", "page(1)", "Page down", priority=True),
        Binding("pageup", "page(-1)", "Page up", priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._pages = {page.name.removesuffix(".md"): page for page in (files("grokterm") / "help").iterdir()}

    def compose(self) -> ComposeResult:
        """Compose the topics and a page that scrolls."""
        with Horizontal(classes="dialog") as dialog:
            dialog.border_title = "manual"
            dialog.border_subtitle = "up, down: topic · page up, page down: scroll · escape closes"
            yield OptionList(KEYS_TOPIC, *sorted(self._pages), id="topics", markup=False)
            with VerticalScroll(can_focus=False):
                yield Static(id="page", markup=False)

    @on(OptionList.OptionHighlighted)
    def _turn_to(self, event: OptionList.OptionHighlighted) -> None:
        topic = str(event.option.prompt)
        page = _keys() if topic == KEYS_TOPIC else Markdown(self._pages[topic].read_text("utf-8"))
        self.query_one("#page", Static).update(page)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_page(self, pages: int) -> None:
        """Scroll the page."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_page_down if pages > 0 else scroll.scroll_page_up)(animate=False)


def _keys() -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for key in keys():
        table.add_row(key.shown, key.meaning)
    return table
