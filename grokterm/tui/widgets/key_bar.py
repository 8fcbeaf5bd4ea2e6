"""The keys that do something here and now."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from textual import events
from textual.binding import Binding
from textual.content import Content
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from grokterm.tui.keymap import written


class Hint(NamedTuple):
    """Keys with one label: as they are written, and what a click on each presses."""

    label: str
    keys: Sequence[tuple[str, str]]


ALL_KEYS = Hint("help", [("?", "question_mark")])


def bindings_of(screen: Screen[Any]) -> list[Binding]:
    """List the bindings of a screen, with the keys that a user has chosen."""
    keymap: Mapping[str, str] = getattr(screen.app, "own_keys", {})
    bindings = [one for one in type(screen).BINDINGS if isinstance(one, Binding)]
    return [replace(one, key=key, key_display=written(key)) if (key := keymap.get(one.id or "")) else one for one in bindings]


def hints_of(screen: Screen[Any]) -> Iterator[Hint]:
    """Return a hint for every binding of a screen that is to be shown, and does something now: no key that would be typed."""
    focused = screen.focused
    for one in bindings_of(screen):
        if one.show and screen.check_action(one.action, ()):
            shown = one.key_display or one.key
            typed = " " if one.key == "space" else shown
            is_typed = len(typed) == 1 and focused is not None and focused.check_consume_key(one.key, typed)
            if not is_typed:
                yield Hint(one.description.lower(), [(shown, one.key)])


class Place(NamedTuple):
    """Columns of the line, their text, and the key that a click there presses."""

    first: int
    end: int
    text: str
    is_key: bool
    key: str


def arrange_hints(hints: Sequence[Hint], width: int) -> list[Place]:
    """Lay out every hint that fits beside those before it, and always the last."""
    *others, last = hints
    room, shown = width - 1 - _length(last), []
    for hint in others:
        if room >= _length(hint) + 2:
            room -= _length(hint) + 2
            shown.append(hint)
    places: list[Place] = []
    column = 1
    for hint in (*shown, last):
        for text, key in hint.keys:
            places.append(Place(column, column + len(text) + 1, text, is_key=True, key=key))
            column += len(text) + 1
        places.append(Place(column, column + len(hint.label), hint.label, is_key=False, key=hint.keys[-1][1]))
        column += len(hint.label) + 2
    return places


def _length(hint: Hint) -> int:
    return sum(len(text) + 1 for text, _ in hint.keys) + len(hint.label)


class KeyBar(Widget):
    """One line of keys, the most useful first; a click on one presses it."""

    DEFAULT_CSS = """
    KeyBar { height: 1; dock: bottom; background: $footer-background; color: $footer-description-foreground; }
    """
    ALLOW_SELECT = False

    hints: reactive[tuple[Hint, ...]] = reactive((ALL_KEYS,))

    def __init__(self, hints: Iterable[Hint] = ()) -> None:
        super().__init__(id="keys")
        self.set_reactive(KeyBar.hints, (*hints, ALL_KEYS))

    def render(self) -> Content:
        """`space pause  w swap  < > pace  ? help`."""
        parts: list[str | tuple[str, str]] = []
        column = 0
        for place in arrange_hints(self.hints, self.size.width):
            parts += [" " * (place.first - column), (place.text, "bold $footer-key-foreground") if place.is_key else place.text]
            column = place.first + len(place.text)
        return Content.assemble(*parts)

    def on_click(self, event: events.Click) -> None:
        """Press the key below the pointer."""
        for place in arrange_hints(self.hints, self.size.width):
            if place.first <= event.x < place.end and place.key:
                self.app.simulate_key(place.key)
