"""Heat maps and curves in real pixels, among widgets that are text."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from rich.console import RenderableType
from textual._compositor import ChopsUpdate
from textual.app import App, ComposeResult
from textual.screen import ModalScreen, Screen
from textual.widgets import Label

from grokterm.experiment.experiment import Experiment
from grokterm.plots.cells import Cells, Rows
from grokterm.plots.graphics import Graphics
from grokterm.plots.heatmap import draw_heatmap
from grokterm.plots.palettes import PALETTES
from grokterm.tui import draw_budget
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.graphics.painting import follow_painting
from grokterm.tui.link import FULL
from grokterm.tui.widgets import picture as pictures
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.picture import PIXEL_SECONDS, Draw, Picture
from tests.tui.driving import content, until
from tests.views.test_curves import trained

if TYPE_CHECKING:
    from grokterm.session.state import Phase

KITTY, SIXEL = Graphics("kitty", 8, 16), Graphics("sixel", 8, 16)
PALETTE = PALETTES["256"].with_graphics(KITTY)
SIZE = (40, 12)


class Dialog(ModalScreen[None]):
    """Lies over everything."""

    DEFAULT_CSS = "Dialog { background: $background 60%; align: center middle; }"

    def compose(self) -> ComposeResult:
        yield Label("really?")


class Gallery(App[None]):
    """One heat map on a wall, and a record of what is sent to the terminal besides text."""

    def __init__(self, graphics: Graphics) -> None:
        super().__init__()
        self.palette = PALETTES["256"].with_graphics(graphics)
        self.draw_budget = DrawBudget()
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        yield Picture(self.draw_budget)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, renderable)
        follow_painting(screen, renderable)

    @property
    def picture(self) -> Picture:
        return self.query_one(Picture)

    def on_mount(self) -> None:
        assert self._driver is not None
        self._driver.write = self._record  # type: ignore[method-assign]

    def _record(self, data: str) -> None:
        self.sent += [data] if "\x1b_G" in data or "\x1bP" in data else []


class Wall(Gallery):
    """Curves instead of a heat map."""

    def compose(self) -> ComposeResult:
        yield CurvesView(self.draw_budget)


def heat_map(seed: int = 0, *, n: int = 80) -> Draw:
    def draw(width: int, height: int) -> Rows:
        matrix = np.random.default_rng(seed).normal(size=(n, n))
        return draw_heatmap(matrix, width=width, height=height, limit=1.0, palette=PALETTE)

    return draw


async def test_kitty_receives_the_picture_and_the_lines_hold_its_place() -> None:
    async with (app := Gallery(KITTY)).run_test(size=SIZE):
        app.picture.offer("first", heat_map())
        assert len(app.sent) == 1
        assert content(app.picture).count("\U0010eeee") == 40 * 12
        app.picture.offer("second", heat_map(1))
        number = "".join(app.sent[0].partition("i=")[2].partition(",")[0])
        assert f"i={number}," in app.sent[1]


async def test_a_new_picture_in_the_same_place_repaints_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery(KITTY)).run_test(size=SIZE):
        app.picture.offer("first", heat_map())
        refreshed: list[object] = []
        monkeypatch.setattr(app.picture, "refresh", lambda *regions: refreshed.extend(regions))
        app.picture.offer("second", heat_map(1))
        assert (len(app.sent), refreshed) == (2, [])


@pytest.mark.parametrize("graphics", [KITTY, SIXEL], ids=["kitty", "sixel"])
async def test_under_a_dialog_stand_characters_and_afterwards_pixels(graphics: Graphics) -> None:
    async with (app := Gallery(graphics)).run_test(size=SIZE) as pilot:
        app.picture.offer("first", heat_map())
        await until(pilot, lambda: app.sent)
        await pilot.pause()
        n_sent = len(app.sent)
        await app.push_screen(Dialog())
        await until(pilot, lambda: "▀" in content(app.picture))
        assert len(app.sent) == n_sent
        await app.pop_screen()
        await until(pilot, lambda: "▀" not in content(app.picture))
        if graphics is KITTY:
            assert len(app.sent) == n_sent  # it has kept the picture
        else:
            await until(pilot, lambda: len(app.sent) > n_sent, "the picture again")


async def test_sixels_are_sent_once_all_is_painted_and_again_when_something_lay_over_them() -> None:
    async with (app := Gallery(SIXEL)).run_test(size=SIZE, notifications=True) as pilot:
        app.picture.offer("first", heat_map())
        await until(pilot, lambda: app.sent)
        assert not content(app.picture).strip()
        app.notify("grokked", timeout=1000)
        await until(pilot, lambda: app.screen.query("Toast"))
        await pilot.pause()
        n_sent = len(app.sent)
        app.picture.offer("second", heat_map(1))
        await pilot.pause()
        assert len(app.sent) == n_sent
        app.clear_notifications()
        await until(pilot, lambda: len(app.sent) > n_sent)
        assert app.sent[-1] != app.sent[0]


async def test_sixels_are_not_sent_again_when_something_else_is_painted() -> None:
    async with (app := Gallery(SIXEL)).run_test(size=SIZE) as pilot:
        app.picture.offer("first", heat_map())
        await until(pilot, lambda: app.sent)
        await pilot.pause()
        n_sent = len(app.sent)
        follow_painting(app.screen, ChopsUpdate([], [(SIZE[1], 0, SIZE[0])], []))
        assert len(app.sent) == n_sent
        follow_painting(app.screen, ChopsUpdate([], [(0, 0, 1)], []))
        assert len(app.sent) == n_sent + 1


async def test_blank_lines_are_painted_where_sixels_were(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery(SIXEL)).run_test(size=SIZE) as pilot:
        app.picture.offer("first", heat_map())
        await pilot.pause()
        refreshed: list[object] = []
        monkeypatch.setattr(app.picture, "refresh", lambda *regions: refreshed.extend(regions))
        app.picture.offer("words", lambda width, height: Cells(width, height).rows())
        assert len(refreshed) == 12


async def test_leaving_lets_kitty_forget_the_picture() -> None:
    async with (app := Gallery(KITTY)).run_test(size=SIZE) as pilot:
        app.picture.offer("first", heat_map())
        await app.picture.remove()
        await pilot.pause()
        assert "a=d,d=I" in app.sent[-1]


async def test_pixels_stay_for_some_seconds_unless_something_else_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = set_clock(monkeypatch)
    async with (app := Gallery(KITTY)).run_test(size=SIZE):
        assert app.picture.offer("step 1", heat_map(1), wish="weights")
        assert not app.picture.offer("step 2", heat_map(2), wish="weights")
        assert app.picture.offer("step 2", heat_map(2), wish="other order")
        assert app.picture.offer("step 3", heat_map(3), wish=None)
        now(PIXEL_SECONDS)
        assert app.picture.offer("step 5", heat_map(5), wish="other order")


async def test_a_training_sends_no_more_than_a_slow_line_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    pass_by = set_clock(monkeypatch)
    async with (app := Gallery(KITTY)).run_test(size=(160, 45)):
        for tick in range(1200):
            pass_by(0.1)
            if app.draw_budget.is_due() and not app.picture.offer(tick, heat_map(tick, n=300), wish="weights"):
                app.draw_budget.spend(2_000)  # something else had its turn
        pixels = sum(map(len, app.sent))
        assert len(app.sent) > 3
        assert pixels <= 0.55 * FULL.bytes_per_second * 120


async def test_curves_are_pixels_whenever_nothing_trains(tiny: Experiment) -> None:
    def is_in_pixels(picture: Picture) -> bool:
        lines = content(picture).split("\n")
        shown = "".join(line for line in lines if "train" not in line)
        assert "train" in lines[0]  # legends are text
        assert ("\U0010eeee" in shown) is not any("\u2800" < character < "\u2900" for character in shown)
        return "\U0010eeee" in shown

    async with (app := Wall(KITTY)).run_test(size=SIZE):
        curves, state = app.query_one(CurvesView), trained(tiny)
        phases: list[Phase] = ["training", "paused", "training", "ended"]
        for phase in phases:
            curves.show(replace(state, phase=phase), "log")
            assert is_in_pixels(curves) is (phase != "training")
        assert len(app.sent) == 2


def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stop the clock, and return what lets it go on."""
    now = [1000.0]

    def pass_by(seconds: float) -> None:
        now[0] += seconds

    monkeypatch.setattr(draw_budget, "monotonic", lambda: now[0])
    monkeypatch.setattr(draw_budget, "thread_time", lambda: 0.0)
    monkeypatch.setattr(pictures, "monotonic", lambda: now[0])
    return pass_by
