from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from grokterm.tui.app import GroktermApp
from grokterm.tui.keys import keys
from grokterm.tui.screens.help import HelpScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.tui.driving import BRIEF, LARGE, SMALL, app_on, content, until


@asynccontextmanager
async def manual(size: tuple[int, int] = SMALL) -> AsyncIterator[tuple[Pilot[Any], GroktermApp]]:
    """Open the manual over the form."""
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=size) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and page(app).strip(), "the manual")
        yield pilot, app


def page(app: GroktermApp) -> str:
    """Return the whole page, also what is scrolled out of sight."""
    return content(app.screen.query_one("#page", Static))


def topics(app: GroktermApp) -> list[str]:
    """List the topics in their order."""
    return [str(option.prompt) for option in app.screen.query_one(OptionList).options]


async def test_the_keys_are_the_first_topic() -> None:
    async with manual(LARGE) as (_, app):
        assert topics(app)[0] == "keys"
        assert all(key.shown in page(app) for key in keys())


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_every_topic_shows_its_page_inside_the_screen(size: tuple[int, int]) -> None:
    async with manual(size) as (pilot, app):
        headings = {page(app).strip().splitlines()[0]}
        for _ in topics(app)[1:]:
            await pilot.press("down")
            await pilot.pause()
            headings.add(page(app).strip().splitlines()[0])
            assert app.screen.query_one(VerticalScroll).region.right <= size[0]
            assert app.screen.query_one(VerticalScroll).max_scroll_x == 0
        assert len(headings) == len(topics(app))


async def test_a_long_page_scrolls_to_its_end_and_the_next_begins_at_its_top() -> None:
    async with manual() as (pilot, app):
        scroll = app.screen.query_one(VerticalScroll)
        assert scroll.max_scroll_y > 0
        for _ in range(5):
            await pilot.press("pagedown")
        assert scroll.scroll_offset.y == scroll.max_scroll_y
        await pilot.press("pageup")
        assert scroll.scroll_offset.y < scroll.max_scroll_y
        await pilot.press("down")
        await until(pilot, lambda: scroll.scroll_offset.y == 0, "the top of the next page")


async def test_escape_closes_the_manual_wherever_one_has_read() -> None:
    async with manual() as (pilot, app):
        await pilot.press("down", "pagedown", "escape")
        assert isinstance(app.screen, SetupScreen)
