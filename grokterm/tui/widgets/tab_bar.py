"""The names of what can be shown, each with its key."""

from collections.abc import Mapping, Sequence

from rich.text import Text
from textual.reactive import reactive
from textual.widget import Widget


class TabBar(Widget):
    """One line with the current tab in brackets; where it is too narrow, the other names are cut short."""

    DEFAULT_CSS = "TabBar { height: 1; }"

    shown: reactive[str] = reactive("")

    def __init__(self, keys: Mapping[str, str], *, id: str) -> None:
        super().__init__(id=id)
        self._keys = keys

    def render(self) -> Text:
        """`1curves [2weights] 3spectrum`, or `1cur [2weights] 3spe`; where not even the keys fit, it begins further right."""
        names = list(self._keys)
        lengths, longest = [len(name) for name in names], max(map(len, names))
        room = self.size.width - 1 - sum(len(key) + 1 for key in self._keys.values())
        # Names keep their length whichever tab is in brackets.
        fitting = [cut for cut in range(longest + 1) if sum(min(cut, n) for n in lengths) + longest - cut <= room]
        shown, cut = names.index(self.shown) if self.shown in names else 0, max(fitting, default=0)
        lines = [self._line(names[first:], cut) for first in range(shown + 1)]
        return next((line for line in lines if line.cell_len <= self.size.width), lines[-1])

    def _line(self, names: Sequence[str], length: int) -> Text:
        line = Text(no_wrap=True, overflow="crop")
        for name in names:
            is_shown = name == self.shown
            line.append("[" if is_shown else "" if line.plain.endswith("]") else " ")
            line.append(self._keys[name], "dim").append(name if is_shown else name[:length], "bold" if is_shown else "")
            line.append("]" if is_shown else "")
        return line
