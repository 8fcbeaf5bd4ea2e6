"""What a terminal has room for; one that is too small for anything else shows which size is needed."""

from typing import Any, ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

SMALLEST = Size(60, 16)
WIDE = 110  # columns from which the lab shows everything at once
SLIM, SPACIOUS = 70, 140  # columns below which the setup shows the list or the form, and from which a third panel
SHORT = 22  # lines below which borders and empty lines give way to what they surround


def fit(app: App[Any], size: Size) -> None:
    """Give the application the classes of a size, by which its style sheet lays out; cover what does not fit."""
    before = app.classes
    app.update_classes(
        {
            "-wide": size.width >= WIDE,
            "-narrow": size.width < WIDE,
            "-slim": size.width < SLIM,
            "-spacious": size.width >= SPACIOUS,
            "-short": size.height < SHORT,
        }
    )
    for screen in app.screen_stack[:-1] if before != app.classes else ():
        screen.update_node_styles(animate=False)  # Textual does so for the screen on top
    cover = next((screen for screen in app.screen_stack if isinstance(screen, TooSmallScreen)), None)
    if cover is not None and cover is app.screen:
        cover.fit(size)
    elif cover is None and _is_too_small(size) and len(app.screen_stack) > 1:  # there is something to cover
        app.push_screen(TooSmallScreen())


def _is_too_small(size: Size) -> bool:
    return size.width < SMALLEST.width or size.height < SMALLEST.height


class TooSmallScreen(Screen[None]):
    """Says which size is needed, until the terminal has it. A training goes on meanwhile."""

    DEFAULT_CSS = "TooSmallScreen { align: center middle; } TooSmallScreen Static { text-align: center; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "app.quit", "Quit")]

    def compose(self) -> ComposeResult:
        """Compose one line."""
        yield Static(markup=False)

    def on_mount(self) -> None:
        """Name the size."""
        self.fit(self.app.size)

    def fit(self, size: Size) -> None:
        """Name a new size, or give way to what lies below."""
        if not _is_too_small(size):
            self.dismiss()
            return
        self.query_one(Static).update(
            f"grokterm needs {SMALLEST.width} x {SMALLEST.height}; this terminal has {size.width} x {size.height}"
        )

    def on_screen_resume(self) -> None:
        """Look at the size again: a dialog that lay over this screen is closed."""
        self.fit(self.app.size)
