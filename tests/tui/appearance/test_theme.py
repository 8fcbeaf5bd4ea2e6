"""The colors of the screen, and of its pictures, which follow the theme."""

import re
from importlib.resources import files

import pytest
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.color import Color as TextualColor
from textual.theme import Theme

from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.tui.app import GroktermApp
from grokterm.tui.appearance.theme import DARK, LIGHT
from grokterm.tui.widgets.picture import Picture
from tests.tui.driving import ENDLESS, LARGE, app_on, lab, training, until

XTERM = {tuple(Color.from_ansi(index).get_truecolor()) for index in range(16, 256)}


def colors_of(app: GroktermApp) -> set[Color]:
    """The colors that the pictures on the screen are drawn in."""
    segments = [part for picture in app.screen.query(Picture) for strip in picture._strips for part in strip]
    styles = [segment.style for segment in segments if segment.style is not None]
    return {color for style in styles for color in (style.color, style.bgcolor) if color is not None}


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=lambda theme: theme.name)
def test_every_color_of_a_theme_is_one_that_ssh_carries(theme: Theme) -> None:
    named = [theme.primary, theme.secondary, theme.accent, theme.warning, theme.error, theme.success, theme.foreground]
    texts = [*named, theme.background, theme.surface, theme.panel, *theme.variables.values()]
    assert [text for text in texts if tuple(Color.parse(str(text)).get_truecolor()) not in XTERM] == []


def test_the_style_sheet_takes_every_color_from_the_theme() -> None:
    sheet = (files("grokterm") / "tui" / "app.tcss").read_text("utf-8")
    values = re.findall(r"(?:color|background|border[a-z-]*): ([^;]+);", sheet)
    assert len(values) > 20
    assert [value for value in values if "$" not in value and value not in ("none", "reverse", "bold")] == []


async def test_pictures_take_the_colors_of_the_theme_at_once() -> None:
    app, dark = app_on(ENDLESS), PALETTES["256"]
    light = dark.on_ground(dark=False)
    async with training(app, LARGE) as pilot:
        await until(pilot, lambda: lab(app).training.analysis is not None, "a look at the network")
        for theme, palette, other in ((LIGHT, light, dark), (DARK, dark, light)):
            app.theme = theme.name
            inks, others = ({ink.style.color for ink in one.inks.values() if ink.style} for one in (palette, other))
            new, old = inks - others, others - inks - set(palette.diverging)

            def is_drawn(new: "set[Color | None]" = new, old: "set[Color | None]" = old) -> bool:
                return bool(colors_of(app) & new) and not colors_of(app) & old

            await until(pilot, is_drawn, "the colors")
            assert app.palette is palette


def test_the_sixteen_colors_reach_the_terminal_as_they_are() -> None:
    told = [Segment("x", Style(color="yellow", bgcolor="blue"))]
    expected: dict[PaletteName, bool] = {"16": True, "256": False}
    for palette, is_kept in expected.items():
        shown = told
        for line_filter in app_on(ENDLESS, palette=palette).get_line_filters():
            shown = line_filter.apply(shown, TextualColor.parse("black"))
        assert (shown == told) == is_kept
