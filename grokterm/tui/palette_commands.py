"""What the command palette offers beside Textual's own commands: the keys of the screen, and the links."""

from collections.abc import Callable, Iterator
from functools import partial

from textual.app import SystemCommand
from textual.screen import Screen

from grokterm.tui.keymap import written
from grokterm.tui.link import LINKS, Link

OWN = ("quit", "app.quit", "command_palette", "app.command_palette")
"""What Textual offers itself."""


def key_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """Offer what the keys of a screen do, each thing once."""
    app = screen.app
    keys: dict[tuple[str, str], list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and binding.action not in OWN:
            keys.setdefault((binding.description, binding.action), []).append(written(binding.key))
    for (description, action), pressed in keys.items():
        named = f"key{'s' if len(pressed) > 1 else ''} {', '.join(pressed)}"
        yield SystemCommand(description, named, partial(app.call_next, app.run_action, action, screen))


def link_commands(present: Link, draw_for: Callable[[Link], None]) -> Iterator[SystemCommand]:
    """Offer the links that the screen is not drawn for at present."""
    for name, link in LINKS.items():
        if link is not present:
            yield SystemCommand(f"Link: {name}", link.meaning, partial(draw_for, link))
