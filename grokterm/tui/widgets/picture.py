"""A widget that shows rows of styled text, and real pixels where the terminal draws them."""

from collections.abc import Callable, Hashable, Iterable
from time import monotonic

from rich.style import Style
from textual.content import Content
from textual.events import Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from grokterm.plots.cells import Cells, Rows
from grokterm.plots.palettes import Palette
from grokterm.plots.pixels import find_placed
from grokterm.tui.appearance.theme import palette_of
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.graphics.layer import PixelLayer, fits, make_layer

Draw = Callable[[int, int], Rows]  # (width, height) -> rows

SEGMENT_BYTES, TRUE_COLOR_BYTES = 24, 40  # what two colors and their end add to terminal output

PIXEL_SECONDS = 5.0  # how long pixels stay at least, unless something else is asked for
RETRY_SECONDS = 0.2  # where a notification is in the way, or nothing was painted
PIXEL_SHARE = 0.5  # of the bytes that a link carries; the rest is for everything else


class Picture(Widget):
    """Draws only what is new, repaints only changed lines, and accounts for them in the draw budget."""

    def __init__(self, draw_budget: DrawBudget, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._draw_budget = draw_budget
        self._layer: PixelLayer | None = None
        self._characters: list[Strip] = []  # the picture without pixels
        self._strips: list[Strip] = []
        self._draw: Draw = lambda width, height: Cells(width, height).rows()
        self._drawn: Hashable = None
        self._wish: Hashable = None
        self._due_at = 0.0
        self._caption = ("", "")
        self._ground = Style.null()  # the widget's: it takes longer to look up than a line takes to paint
        self._is_plain = False  # in characters only
        self._must_send = False  # pixels, once all is painted
        self._is_unsent = False
        self._is_waiting = False  # for a notification to go

    @property
    def _palette(self) -> Palette:
        return palette_of(self)

    def on_mount(self) -> None:
        """Prepare to draw pixels."""
        if (graphics := self._palette.graphics) is not None:
            self._layer = make_layer(self, graphics)

    def on_unmount(self) -> None:
        """Leave no picture in the terminal."""
        if self._layer is not None:
            self._layer.forget()

    def offer(self, version: Hashable, draw: Draw, *, wish: Hashable = None) -> bool:
        """Draw, unless this version is shown already; return whether it was drawn.

        Pixels that the same wish has brought stay for some seconds. None is a wish that never waits.
        """
        if version == self._drawn or not self.is_on_screen:
            return False
        if wish is not None and wish == self._wish and monotonic() < self._due_at:
            return False
        self._draw, self._drawn, self._wish = draw, version, wish
        self.redraw()
        return True

    def caption(self, title: str, subtitle: str) -> None:
        """Set title and subtitle, if they differ: Textual repaints the whole widget for them."""
        if (title, subtitle) != self._caption:
            self._caption = (title, subtitle)
            self.border_title, self.border_subtitle = Content(title), Content(subtitle)

    def forget(self) -> None:
        """Draw the next offer, whatever its version."""
        self._drawn = self._wish = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render characters while a dialog tints the screen, and for a screenshot."""
        is_plain = not self.screen.is_active or self._palette.graphics is None
        if self._layer is not None and self._is_plain is not is_plain:
            self._is_plain = is_plain
            self.refresh()  # drop the lines that Textual has kept
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """Return one line of the last drawing."""
        strips = self._characters if self._is_plain else self._strips
        strip = strips[y] if y < len(strips) else Strip.blank(self.size.width)
        # Textual paints a new size before on_resize: a line of the old width would push the border off.
        if not self._ground:
            self._ground = self.rich_style
        return strip.adjust_cell_length(self.size.width).apply_style(self._ground)

    def notify_style_update(self) -> None:
        """Look the style up again."""
        self._ground = Style.null()
        super().notify_style_update()

    def on_resize(self, _: Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def redraw(self) -> None:
        """Draw what was last offered anew: for another size, or in the colors of another theme."""
        width, height = self.size
        rows = self._draw(width, height)
        before, self._strips = self._strips, [Strip(row, width) for row in rows]
        self._characters = self._strips
        n_bytes, stale = 0, set[int]()
        if self._layer is not None:
            placed = [one for one in find_placed(rows) if fits(one)]
            self._strips, n_bytes = self._layer.cover(self._characters, placed)
            stale = self._layer.stale()
        changed = [y for y, strip in enumerate(self._strips) if y >= len(before) or strip != before[y] or y in stale]
        self.refresh(*(Region(0, y, width, 1) for y in changed)) if changed else None
        self._spend_on_pixels(n_bytes)
        of_style = TRUE_COLOR_BYTES if self.app.console.color_system == "truecolor" else SEGMENT_BYTES
        self._draw_budget.spend(sum(len(segment.text.encode()) + of_style for y in changed for segment in self._strips[y]))
        if self._layer is not None and self._layer.overlaps(Region(0, 0, width, height)):
            self._is_unsent = True
            self.set_timer(RETRY_SECONDS, self._send_unsent)  # if no painting has had it sent by then

    def follow(self, painted: Iterable[Region]) -> None:
        """Draw pixels over what was painted of the screen, once no notification is in the way."""
        if self._layer is None or not self.is_on_screen or not self.screen.is_active:
            return  # after a dialog all is painted again
        origin = self.content_region.offset
        lines = (region.intersection(self.region) for region in painted if region.overlaps(self.region))
        whole = (Region(0, part.y - origin.y, self.size.width, part.height) for part in lines)  # as Textual paints them
        self._must_send |= any(self._layer.overlaps(part) for part in whole)
        if not self._must_send or self._is_waiting:
            return
        self._is_waiting = bool(self.screen.query("Toast"))
        if self._is_waiting:
            self.set_timer(RETRY_SECONDS, self._look_again)
            return
        self._must_send = self._is_unsent = False
        self._spend_on_pixels(self._layer.send_over(origin))

    def _send_unsent(self) -> None:
        if self._is_unsent:
            self._must_send = True
            self.follow(())

    def _look_again(self) -> None:
        self._is_waiting = False
        self.follow(())

    def _spend_on_pixels(self, n_bytes: int) -> None:
        if n_bytes:
            self._draw_budget.spend(n_bytes)
            self._due_at = monotonic() + max(PIXEL_SECONDS, n_bytes / (PIXEL_SHARE * self._draw_budget.link.bytes_per_second))
