"""A row of the table of keys."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Self

from textual.binding import Binding

from grokterm.tui.keymap import action_name, rebound, written
from grokterm.tui.situation import Situation
from grokterm.tui.widgets.key_bar import Hint

OwnKeys = Mapping[str, str]
"""Keys that a user has chosen, by action, as Textual calls them."""

NO_OWN_KEYS: OwnKeys = MappingProxyType({})


ARROWS = {"up", "down", "left", "right"}


class Key(NamedTuple):
    """A row of the help, its bindings, and what it does here and now, in a word for the footer: nothing if empty."""

    shown: str
    meaning: str
    bindings: tuple[Binding, ...]
    now: Callable[[Situation], str]

    def hint(self, situation: Situation) -> Hint | None:
        """Return the entry in the footer."""
        label = self.now(situation)
        if not label:
            return None
        if any(binding.key in ARROWS for binding in self.bindings):
            return Hint(label, [("arrows", "")])  # in a word; a click would press one of them
        return Hint(label, [*zip(self.shown.split(), (binding.key for binding in self.bindings), strict=False)])

    def rebound(self, own: OwnKeys) -> Self:
        """Return the row with the keys of a user."""
        if not own or own.keys().isdisjoint(map(action_name, self.bindings)):
            return self
        bindings = rebound(self.bindings, own)
        return self._replace(bindings=bindings, shown=" ".join(written(one.key) for one in bindings))
