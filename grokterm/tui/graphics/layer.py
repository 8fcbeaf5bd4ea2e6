"""Real pixels in the place of the characters of a picture."""

from collections.abc import Iterable, Sequence
from itertools import cycle
from random import randrange, sample
from typing import Protocol

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset, Region
from textual.strip import Strip
from textual.widget import Widget

from grokterm.plots.graphics import Graphics
from grokterm.plots.pixels import Pixels, Placed
from grokterm.tui.graphics import kitty, sixel
from grokterm.tui.graphics.asking import cell_size
from grokterm.tui.graphics.tmux import pass_through

MOST_CELLS = 297  # of a picture in each direction: kitty has no larger number

# Textual turns a color of the terminal's table into red, green and blue, and back. Grays come back as other grays.
_OF_TABLE = cycle(sample([number for number in range(16, 232) if (number - 16) % 43], 210))

_SAVE_CURSOR, _RESTORE_CURSOR = "\x1b7", "\x1b8"
_HOLD, _SHOW = "\x1b[?2026h", "\x1b[?2026l"  # all at once: else a picture that is replaced is gone for a moment


class PixelLayer(Protocol):
    """What one widget shows in pixels, in the way that a terminal draws pixels."""

    def cover(self, strips: Sequence[Strip], placed: Sequence[Placed]) -> tuple[list[Strip], int]:
        """Take pictures out of the lines and draw them in pixels; return the lines, and how many bytes were sent."""

    def stale(self) -> set[int]:
        """Return the lines that must be painted again, though they have not changed."""

    def overlaps(self, region: Region) -> bool:
        """Tell whether painting this part of the widget would paint over pixels."""

    def send_over(self, origin: Offset) -> int:
        """Draw over what was painted, for a widget whose contents begin here; return how many bytes were sent."""

    def forget(self) -> None:
        """Give the pictures up."""


def make_layer(widget: Widget, graphics: Graphics) -> PixelLayer:
    """Return the layer of a widget."""
    return KittyLayer(widget, graphics) if graphics.protocol == "kitty" else SixelLayer(widget, graphics)


class KittyLayer:
    """The terminal keeps the pictures; the lines have placeholders, which are text, so that all else is left to Textual."""

    def __init__(self, widget: Widget, graphics: Graphics) -> None:
        self._widget, self._graphics = widget, graphics
        self._pictures: list[tuple[int, Style]] = []  # their numbers, and the color that says so

    def cover(self, strips: Sequence[Strip], placed: Sequence[Placed]) -> tuple[list[Strip], int]:
        """Send each picture, and put placeholders in its place."""
        while len(self._pictures) < len(placed):
            self._pictures.append(_number(has_true_color=self._widget.app.console.color_system == "truecolor"))
        lines, commands = list(strips), ""
        for (number, style), one in zip(self._pictures, placed, strict=False):
            columns, n_lines = one.size
            commands += kitty.transmit(number, _paint(one, _cell(self._graphics)), columns=columns, lines=n_lines)
            put(lines, one, (Segment(kitty.placeholders(line, columns), style) for line in range(one.n_lines)))
        _write(self._widget, self._graphics, commands)
        return lines, len(commands)

    def stale(self) -> set[int]:
        """A new picture shows in the old placeholders."""
        return set()

    def overlaps(self, region: Region) -> bool:
        """Placeholders are all there is to paint."""
        return False

    def send_over(self, origin: Offset) -> int:
        """Nothing is left to send."""
        return 0

    def forget(self) -> None:
        """Let the terminal forget the pictures."""
        _write(self._widget, self._graphics, "".join(kitty.delete(number) for number, _ in self._pictures))
        self._pictures = []


class SixelLayer:
    """The lines are blank, and each time they have been painted, the pictures are sent over them."""

    def __init__(self, widget: Widget, graphics: Graphics) -> None:
        self._widget, self._graphics = widget, graphics
        self._pictures: list[tuple[Region, str]] = []
        self._left: set[int] = set()

    def cover(self, strips: Sequence[Strip], placed: Sequence[Placed]) -> tuple[list[Strip], int]:
        """Keep the pictures, and put blanks in their place."""
        before = {region for region, _ in self._pictures}
        lines, self._pictures = list(strips), []
        width, height = _cell(self._graphics)
        for one in placed:
            pixels = _paint(one, (width, height))
            seen = Pixels(pixels.levels[: one.n_lines * height], pixels.colors)
            self._pictures.append((_region(one), sixel.encode(seen, self._widget.background_colors[1].rgb)))
            put(lines, one, (Segment(" " * one.size[0]) for _ in range(one.n_lines)))
        gone = before - {region for region, _ in self._pictures}
        self._left = {y for region in gone for y in range(region.y, region.bottom)}
        return lines, 0

    def stale(self) -> set[int]:
        """Blanks look the same with and without pixels over them."""
        return self._left

    def overlaps(self, region: Region) -> bool:
        """Whatever is painted over a picture is seen in its place."""
        return any(region.overlaps(drawn) for drawn, _ in self._pictures)

    def send_over(self, origin: Offset) -> int:
        """Send the pictures to their places on the screen."""
        placed = ((region.offset + origin, data) for region, data in self._pictures)
        commands = "".join(f"\x1b[{y + 1};{x + 1}H{data}" for (x, y), data in placed)
        _write(self._widget, self._graphics, f"{_SAVE_CURSOR}{commands}{_RESTORE_CURSOR}" if commands else "")
        return len(commands)

    def forget(self) -> None:
        """Send nothing any more."""
        self._pictures = []


def _write(widget: Widget, graphics: Graphics, commands: str) -> None:
    if commands and (driver := widget.app._driver) is not None:
        held = f"{_HOLD}{commands}{_SHOW}"
        driver.write(pass_through(held) if graphics.is_inside_tmux else held)


def put(lines: list[Strip], one: Placed, segments: Iterable[Segment]) -> None:
    """Replace the lines of a picture, one segment a line."""
    left, right = one.column, one.column + one.size[0]
    for y, segment in enumerate(segments, start=one.row):
        line = lines[y]
        lines[y] = Strip.join([line.crop(0, left), Strip([segment], one.size[0]), line.crop(right)])


def fits(one: Placed) -> bool:
    """Tell whether a picture can be drawn in pixels."""
    return max(one.size) <= MOST_CELLS


def _paint(one: Placed, cell: tuple[int, int]) -> Pixels:
    (columns, lines), (width, height) = one.size, cell
    return one.raster.paint(columns * width, lines * height)


def _cell(graphics: Graphics) -> tuple[int, int]:
    return cell_size() or (graphics.cell_width, graphics.cell_height)


def _region(one: Placed) -> Region:
    return Region(one.column, one.row, one.size[0], one.n_lines)


def _number(*, has_true_color: bool) -> tuple[int, Style]:
    """Draw a number that no other picture of this terminal is likely to have, and the color that says it."""
    if has_true_color:
        number = randrange(1 << 16, 1 << 24)
        return number, Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255))
    number = next(_OF_TABLE)
    return number, Style(color=Color.from_ansi(number))
