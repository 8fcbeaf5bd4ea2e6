"""What a terminal shows that is too small for anything else."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.screen import Screen
from textual.widgets import Static

SMALLEST = Size(60, 16)


def is_too_small(size: Size) -> bool:
    """Whether a terminal is too small for the lab."""
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
        if not is_too_small(size):
            self.dismiss()
            return
        self.query_one(Static).update(
            f"grokterm needs {SMALLEST.width} x {SMALLEST.height}; this terminal has {size.width} x {size.height}"
        )

    def on_screen_resume(self) -> None:
        """Look at the size again: a dialog that lay over this screen is closed."""
        self.fit(self.app.size)
