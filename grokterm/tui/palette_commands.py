"""What the command palette offers beside Textual's own commands: the keys of the screen, and the links."""

from collections.abc import Callable, Iterator
from functools import partial

from textual.app import SystemCommand
from textual.screen import Screen

from grokterm.tui.keymap import written
from grokterm.tui.link import LINKS, Link


def key_commands(screen: Screen[object]) -> Iterator[SystemCommand]:
    """Offer what each key of a screen does."""
    app = screen.app
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and binding.action != "app.quit" and not binding.action.startswith("app.command_palette"):
            run = partial(app.call_next, app.run_action, binding.action, screen)
            yield SystemCommand(binding.description, f"key {written(binding.key)}", run)


def link_commands(present: Link, draw_for: Callable[[Link], None]) -> Iterator[SystemCommand]:
    """Offer the links that the screen is not drawn for at present."""
    for name, link in LINKS.items():
        if link is not present:
            yield SystemCommand(f"Link: {name}", link.meaning, partial(draw_for, link))
