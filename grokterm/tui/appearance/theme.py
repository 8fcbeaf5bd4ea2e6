"""The colors of the application; pictures have palettes of their own, which follow the theme."""

from typing import Protocol, cast

from textual.theme import Theme
from textual.widget import Widget

from grokterm.plots.palettes import Palette

# Every color is one of xterm's 256, which ssh carries.
DARK = Theme(
    name="grokterm",
    primary="#5fafff",
    secondary="#00af87",
    accent="#ff8700",
    warning="#ffaf5f",
    error="#ff5f5f",
    success="#00af87",
    foreground="#d0d0d0",
    background="#121212",
    surface="#1c1c1c",
    panel="#262626",
    dark=True,
    variables={"border": "#444444", "footer-key-foreground": "#5fafff", "footer-background": "#1c1c1c"},
)
LIGHT = Theme(
    name="grokterm-light",
    primary="#005faf",
    secondary="#00875f",
    accent="#af5f00",
    warning="#af5f00",
    error="#d70000",
    success="#00875f",
    foreground="#262626",
    background="#ffffff",
    surface="#eeeeee",
    panel="#e4e4e4",
    dark=False,
    variables={"border": "#b2b2b2", "footer-key-foreground": "#005faf", "footer-background": "#eeeeee"},
)


class Painted(Protocol):
    """An application whose palette follows its theme."""

    @property
    def palette(self) -> Palette:
        """The palette of the theme in use."""
        ...


def palette_of(widget: Widget) -> Palette:
    """Return the palette to draw a widget with; ask at each drawing, for the theme may change."""
    return cast("Painted", widget.app).palette
