"""The names of what can be shown, each with its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

SHORTEST = 3  # letters of a name that is cut short; with fewer the bar scrolls


class Tab(NamedTuple):
    """A name with its key, as far as it is written, and its first column."""

    name: str
    key: str
    written: str
    column: int

    @property
    def end(self) -> int:
        """The column after it."""
        return self.column + len(self.key + self.written)


def arrange_tabs(keys: Mapping[str, str], shown: str, width: int) -> list[Tab]:
    """Write all names, cut short where they must be; where that says too little, those around the shown one in full.

    Names keep their length whichever is shown.
    """
    names, lengths = list(keys), [len(name) for name in keys]
    longest = max(lengths)
    room = width - 1 - sum(len(key) + 1 for key in keys.values())
    fitting = [cut for cut in range(SHORTEST, longest + 1) if sum(min(cut, n) for n in lengths) + longest - cut <= room]
    if fitting:
        return _side_by_side(keys, [name if name == shown else name[: fitting[-1]] for name in names])
    first = 0
    while first < len(names) - 1 and shown in names:
        tabs = _side_by_side(keys, names[first:])
        if next(tab.end for tab in tabs if tab.name == shown) < width:
            break
        first += 1
    return [tab for tab in _side_by_side(keys, names[first:]) if tab.end < width or tab.name == shown]


def _side_by_side(keys: Mapping[str, str], written: Sequence[str]) -> list[Tab]:
    tabs: list[Tab] = []
    for name, text in zip(list(keys)[-len(written) :], written, strict=True):
        tabs.append(Tab(name, keys[name], text, tabs[-1].end + 1 if tabs else 1))
    return tabs


class TabBar(Widget):
    """One line with the current tab in brackets; a click chooses another."""

    DEFAULT_CSS = "TabBar { height: 1; }"

    shown: reactive[str] = reactive("")

    @dataclass
    class Chosen(Message):
        """A name was clicked."""

        name: str

    def __init__(self, keys: Mapping[str, str], *, id: str) -> None:
        super().__init__(id=id)
        self._keys = keys

    @property
    def _tabs(self) -> list[Tab]:
        return arrange_tabs(self._keys, self.shown, self.size.width)

    def render(self) -> Content:
        """`1curves [2weights] 3spectrum`, or `1cur [2weights] 3spe`."""
        parts: list[str | tuple[str, str]] = []
        before = False
        for tab in self._tabs:
            is_shown = tab.name == self.shown
            parts.append("[" if is_shown else "" if before else " ")
            parts += [(tab.key, "dim"), (tab.written, "bold $primary" if is_shown else ""), "]" if is_shown else ""]
            before = is_shown
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Choose the tab below the pointer."""
        for tab in self._tabs:
            if tab.column <= event.x < tab.end:
                self.post_message(self.Chosen(tab.name))
