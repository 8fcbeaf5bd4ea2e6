"""Terminals of every size, and terminals that change it."""

from itertools import cycle
from random import Random

from textual.widget import Widget

from grokterm.tui.app import GroktermApp
from grokterm.tui.panes import panes
from grokterm.tui.screens.dialogs import Confirm
from grokterm.tui.screens.lab import LabScreen
from grokterm.views.table import VIEWS
from tests.tui.driving import ENDLESS, app_on, content, lab, resize, state, training, until

SIZES = [(80, 24), (80, 23), (80, 22), (80, 20), (60, 16), (100, 30), (120, 35), (120, 16), (160, 45), (200, 60)]


def panels(app: GroktermApp) -> list[Widget]:
    """List what the lab shows."""
    return [panel for panel in app.screen.query(".picture, #facts Static") if panel.is_on_screen]


def is_filled(app: GroktermApp) -> bool:
    """Whether something is written in every panel."""
    return bool(panels(app)) and all(content(panel).strip() for panel in panels(app))


def is_named(app: GroktermApp) -> bool:
    """Whether the names of all panes can be read, the chosen one in brackets; a wide terminal names those of the network."""
    name, is_wide = lab(app).view, app.has_class("-wide")
    bars = [content(bar) for bar in app.screen.query("#views, #tabs") if bar.is_on_screen]
    keys = [key for pane, key in panes().items() if not is_wide or pane in VIEWS]
    is_chosen = any(f"[{panes()[name]}{name}]" in bar for bar in bars[:1]) or (is_wide and name not in VIEWS)
    return len(bars) == 1 and is_chosen and all(key in bars[0] for key in keys)


async def test_no_pane_is_empty_and_no_tab_is_lost_at_any_size_while_it_trains() -> None:
    app, random = app_on(ENDLESS), Random(0)
    sizes = SIZES + [(random.randint(60, 115), random.randint(16, 30)) for _ in range(200)]
    async with training(app, SIZES[0], pace=100.0) as pilot:
        step, names = state(app).step, cycle(panes())
        for number, size in enumerate(sizes):
            if number < len(SIZES) or number % 40 == 0:
                lab(app).view = next(names)
            await resize(pilot, *size)
            await until(pilot, lambda: is_filled(app) and is_named(app), f"{lab(app).view} at {size}")
        assert state(app).step > step


async def test_a_terminal_that_is_too_small_says_which_size_is_needed_while_the_training_goes_on() -> None:
    app = app_on(ENDLESS)
    async with training(app, (50, 10)) as pilot:
        (line,) = (strip.text.strip() for strip in app.screen._compositor.render_strips() if strip.text.strip())
        assert line == "grokterm needs 60 x 16; this terminal has 50 x 10"
        step = state(app).step
        await until(pilot, lambda: state(app).step > step, "more steps")
        await resize(pilot, 60, 16)
        await until(pilot, lambda: isinstance(app.screen, LabScreen) and is_filled(app), "the lab")


async def test_a_dialog_over_a_terminal_that_is_too_small_leaves_the_lab_when_it_has_grown() -> None:
    app = app_on(ENDLESS)
    async with training(app, SIZES[0]) as pilot:
        await resize(pilot, 40, 8)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Confirm), "the question")
        await resize(pilot, 30, 7)
        await resize(pilot, *SIZES[0])
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LabScreen), "the lab")
