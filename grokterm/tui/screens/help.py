"""The manual: what every key of a screen does, and the pages that `grokterm help` shows too."""

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar, TypeAlias

from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.markdown import Markdown
from rich.table import Table
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import OptionList, Static

from grokterm.tui.keymap import moved

KEYS_TOPIC = "this screen"

Guide: TypeAlias = Mapping[str, Sequence[tuple[str, str]]]
"""Headings, and below each what is explained and how."""


class HelpScreen(ModalScreen[None]):
    """Topics on the left, the page of the highlighted one on the right; the keys of the screen below come first."""

    CSS = """
    HelpScreen .dialog { width: 110; height: 90%; padding: 0 1; border-subtitle-color: $text-muted; }
    HelpScreen #topics { width: 16; height: 1fr; padding: 0; border: none; background: $surface; scrollbar-size-vertical: 1; }
    HelpScreen VerticalScroll { height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("pagedown,space", "page(1)", "Page down", priority=True),
        Binding("pageup", "page(-1)", "Page up", priority=True),
    ]

    def __init__(self, guide: Guide) -> None:
        super().__init__()
        self._guide = guide
        self._pages = {page.name.removesuffix(".md"): page for page in (files("grokterm") / "help").iterdir()}

    def compose(self) -> ComposeResult:
        """Compose the topics and a page that scrolls."""
        with Horizontal(classes="dialog") as dialog:
            dialog.border_title = "manual"
            yield OptionList(KEYS_TOPIC, *sorted(self._pages), id="topics", markup=False)
            with VerticalScroll(can_focus=False) as scroll:
                yield Static(id="page", markup=False)
        self.watch(scroll, "scroll_y", self._say_where, init=False)
        self.watch(scroll, "virtual_size", self._say_where_soon, init=False)

    @on(OptionList.OptionHighlighted)
    def _turn_to(self, event: OptionList.OptionHighlighted) -> None:
        topic = str(event.option.prompt)
        page = _page(self._guide) if topic == KEYS_TOPIC else self._page_on(topic)
        self.query_one("#page", Static).update(page)
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def _page_on(self, topic: str) -> RenderableType:
        page = Markdown(self._pages[topic].read_text("utf-8"))
        own = moved(getattr(self.app, "own_keys", {}))
        return Group(Text(own), Text(), page) if own else page

    def _say_where_soon(self) -> None:
        self.call_after_refresh(self._say_where)

    def _say_where(self) -> None:
        """Say whether the page goes on below."""
        scroll = self.query_one(VerticalScroll)
        keys = "more below: page down" if scroll.scroll_offset.y < scroll.max_scroll_y else "up, down: topics"
        self.query_one(".dialog").border_subtitle = Content(f"{keys} · escape: close")

    def action_page(self, pages: int) -> None:
        """Scroll the page."""
        scroll = self.query_one(VerticalScroll)
        (scroll.scroll_page_down if pages > 0 else scroll.scroll_page_up)(animate=False)


def guide_of(screen: Screen[object]) -> Guide:
    """Return what a screen says of itself, or else what its keys are called."""
    if (own := getattr(screen, "guide", None)) is not None:
        guide: Guide = own
        return guide
    return {"keys": keys_of(screen)}


def keys_of(screen: Screen[Any]) -> list[tuple[str, str]]:
    """List the keys that a screen has, and those of every screen."""
    from grokterm.tui.widgets.key_bar import bindings_of

    rows = [(_written(one), one.tooltip or one.description.lower()) for one in bindings_of(screen)]
    return [*rows, ("ctrl+p", "every command by name"), ("?", "this manual")]


def _written(binding: Binding) -> str:
    is_sign = binding.key_display and "+" not in binding.key
    return binding.key_display if is_sign and binding.key_display else binding.key.replace(",", ", ")


def _page(guide: Guide) -> RenderableType:
    parts: list[RenderableType] = []
    for heading, rows in guide.items():
        table = Table.grid(padding=(0, 2))
        table.add_column(width=max((cell_len(name) for name, _ in rows), default=0), no_wrap=True, style="dim")
        for name, meaning in rows:
            table.add_row(Text(name), Text(meaning))
        if rows:
            parts += [*([Text()] if parts else []), Text(heading, style="bold"), table]
    return Group(*parts)
