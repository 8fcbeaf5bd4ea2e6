from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from grokterm.tui.app import GroktermApp
from grokterm.tui.screens.help import HelpScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.tui.driving import BRIEF, ENDLESS, LARGE, SMALL, app_on, content, control, explanation, training, unfold, until


@pytest.fixture(autouse=True)
def _folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies below the manual, and is painted with it, is short on a large terminal too."""
    monkeypatch.setattr("grokterm.tui.widgets.setup.form.TALL", LARGE[1] + 1)


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


def subtitle(app: GroktermApp) -> str:
    """Return the line below the page."""
    return str(app.screen.query_one(".dialog").border_subtitle)


def topics(app: GroktermApp) -> list[str]:
    """List the topics in their order."""
    return [str(option.prompt) for option in app.screen.query_one(OptionList).options]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_the_keys_of_the_screen_are_the_first_topic(size: tuple[int, int]) -> None:
    async with manual(size) as (_, app):
        assert topics(app)[0] == "this screen"
        assert all(shown in page(app) for shown in ("ctrl+s", "ctrl+r", "start", "every command", "this manual"))
        assert app.screen.query_one(VerticalScroll).max_scroll_y == 0
        assert "more below" not in subtitle(app)
        assert not any(word in page(app) for word in ("focus previous", "super+c", "command palette"))


async def test_the_setting_under_the_cursor_is_explained_at_full_length_above_the_keys() -> None:
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await unfold(pilot, app)
        control(app, "task.split").focus()
        await until(pilot, lambda: explanation(app).endswith(" …"), "as much as fits")
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and page(app).strip(), "the manual")
        assert page(app).startswith("task.split")
        assert "from which train_fraction follows" in " ".join(page(app).split())


async def test_a_question_mark_opens_the_manual_over_a_dialog_and_while_typing() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("w")
        dialog = app.screen
        assert isinstance(app.focused, Input)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "cancel" in page(app), "the keys of the dialog")
        await pilot.press("question_mark")
        assert app.screen is dialog
        await pilot.press("escape", "q", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "n, escape" in page(app), "the keys of the question")


async def test_the_manual_of_the_lab_says_that_there_is_more_than_fits() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("5", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen) and "IPR" in page(app), "the terms")
        await until(pilot, lambda: "more below: page down" in subtitle(app), "the hint")
        await pilot.press(*["pagedown"] * 6)
        await until(pilot, lambda: "more below" not in subtitle(app), "the end")


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
        await pilot.press("down")
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
