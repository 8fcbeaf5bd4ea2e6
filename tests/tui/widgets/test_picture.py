"""A picture is drawn when there is something new, and sends only the lines that changed."""

from collections.abc import Iterable

import pytest
from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region

from grokterm.plots.cells import Rows
from grokterm.plots.palettes import PALETTES
from grokterm.tui.draw_budget import DrawBudget
from grokterm.tui.widgets.picture import Draw, Picture
from tests.tui.driving import content


class Gallery(App[None]):
    """One picture on a wall."""

    def __init__(self) -> None:
        super().__init__()
        self.palette = PALETTES["256"]
        self.draw_budget = DrawBudget()

    def compose(self) -> ComposeResult:
        yield Picture(self.draw_budget)

    @property
    def picture(self) -> Picture:
        return self.query_one(Picture)


class Painter:
    """Draws the same letters in every line, and counts."""

    def __init__(self, *letters: str) -> None:
        self.letters = letters
        self.sizes: list[tuple[int, int]] = []

    def __call__(self, width: int, height: int) -> Rows:
        self.sizes.append((width, height))
        return [[Segment(letter * width)] for letter in (*self.letters, *[" "] * height)[:height]]


def lines_sent(monkeypatch: pytest.MonkeyPatch, picture: Picture, version: str, draw: Draw) -> list[int]:
    """Offer a drawing, and return the lines that are to be repainted."""
    sent: list[int] = []

    def refresh(*regions: Region) -> None:
        sent.extend(region.y for region in regions)

    monkeypatch.setattr(picture, "refresh", refresh)
    picture.offer(version, draw)
    return sent


async def test_only_the_lines_that_changed_are_repainted(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery()).run_test(size=(10, 4)):
        app.picture.offer("first", Painter("a", "b", "c"))
        assert lines_sent(monkeypatch, app.picture, "second", Painter("a", "x", "c")) == [1]
        assert content(app.picture).split() == ["a" * 10, "x" * 10, "c" * 10]


async def test_an_equal_drawing_repaints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery()).run_test(size=(10, 4)):
        app.picture.offer("first", Painter("a"))
        assert lines_sent(monkeypatch, app.picture, "second", Painter("a")) == []


async def test_nothing_is_drawn_for_a_version_that_is_shown() -> None:
    async with (app := Gallery()).run_test(size=(10, 4)):
        app.picture.offer("first", Painter("a"))
        app.picture.offer("first", again := Painter("b"))
        assert again.sizes == []


async def test_a_version_that_was_forgotten_is_drawn_again() -> None:
    async with (app := Gallery()).run_test(size=(10, 4)):
        app.picture.offer("first", Painter("a"))
        app.picture.forget()
        app.picture.offer("first", again := Painter("b"))
        assert again.sizes == [(10, 4)]


async def test_the_draw_budget_counts_the_lines_that_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery()).run_test(size=(10, 4)):
        sent: list[int] = []
        monkeypatch.setattr(app.draw_budget, "spend", sent.append)
        app.picture.offer("first", Painter("a", "b", "c"))
        app.picture.offer("second", Painter("a", "x", "c"))
        assert sent[0] == 3 * sent[1] > 0


async def test_a_picture_that_is_off_screen_is_not_drawn() -> None:
    async with (app := Gallery()).run_test(size=(10, 4)) as pilot:
        app.picture.display = False
        await pilot.pause()
        app.picture.offer("first", unseen := Painter("a"))
        assert unseen.sizes == []


@pytest.mark.parametrize("sizes", [[(20, 8), (1, 1), (10, 4)]])
async def test_another_size_is_drawn_at_once(sizes: Iterable[tuple[int, int]]) -> None:
    async with (app := Gallery()).run_test(size=(10, 4)) as pilot:
        app.picture.offer("first", painter := Painter("a"))
        for size in sizes:
            await pilot.resize_terminal(*size)
            assert painter.sizes[-1] == size
            assert len(content(app.picture).splitlines()[0]) == size[0]


async def test_a_line_of_the_size_before_leaves_the_border_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    async with (app := Gallery()).run_test(size=(10, 4)) as pilot:
        app.picture.offer("first", Painter("a"))
        monkeypatch.setattr(app.picture, "redraw", lambda: None)  # it does not know the new size yet
        for width in (7, 12):
            await pilot.resize_terminal(width, 4)
            assert app.picture.render_line(0).cell_length == width


async def test_a_border_is_in_its_place_before_there_is_anything_to_show() -> None:
    async with (app := Gallery()).run_test(size=(10, 4)) as pilot:
        app.picture.styles.border = ("round", "white")
        await pilot.pause()
        for _ in range(2):
            lines = [strip.text for strip in app.screen._compositor.render_strips()]
            assert [(line[0], line[-1], len(line)) for line in lines[1:-1]] == [("│", "│", 10)] * 2
            app.picture.offer("first", Painter("a"))
            await pilot.pause()
