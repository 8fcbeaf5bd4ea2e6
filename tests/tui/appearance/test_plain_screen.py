"""--ascii: nothing but ASCII reaches the terminal, whatever is on the screen."""

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from grokterm.session.commands import SetPace
from grokterm.tui.app import GroktermApp
from grokterm.tui.appearance.plain_screen import PlainScreen, plain_cells
from grokterm.tui.panes import panes
from tests.tui.driving import ENDLESS, LARGE, PATIENCE_SECONDS, SMALL, app_on, lab, resize, said, state, until


def foreign(app: GroktermApp) -> set[str]:
    """Every character on the screen that is not ASCII."""
    return {one for strip in app.screen._compositor.render_strips() for one in strip.text if not one.isascii()}


@pytest.mark.parametrize("first", range(0x80, 0x3100, 0x200))
def test_every_character_becomes_ascii_of_the_same_width(first: int) -> None:
    for character in map(chr, range(first, first + 0x200)):
        spelled = plain_cells(character)
        assert spelled.isascii()
        assert len(spelled) == cell_len(character), hex(ord(character))


def test_frames_arrows_and_marks_keep_their_shape() -> None:
    segments = [Segment("╭─╮│▶▼→ a · b … 2² é 群 ⠀⠿ ▔▁▎")]
    assert PlainScreen().apply(segments, Color(0, 0, 0))[0].text == "+-+|>v> a * b . 22 e ?   : -_|"


async def test_the_form_every_pane_and_every_dialog_are_ascii() -> None:
    app = app_on(ENDLESS, palette="ascii", start=False)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.screen.query("#form Input"), "the form")
        assert foreign(app) == set()
        await pilot.press("ctrl+s")
        await until(pilot, lambda: len(app.screen_stack) == 3 and len(state(app).curves), "the first evaluation")
        lab(app).training.send(SetPace(steps_per_second=30))
        for size, names in ((LARGE, ("curves", "weights")), (SMALL, panes())):
            await resize(pilot, *size)
            for name in names:
                lab(app).view = name
                await pilot.pause()
                assert foreign(app) == set(), name
        for key in ("w", "h", "c", "question_mark", "ctrl+p", "q"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen is not lab(app), key)
            assert foreign(app) == set(), key
            await pilot.press("escape", "escape")
        await pilot.press("full_stop")
        assert said(app)
        assert foreign(app) == set()
        lab(app).control.leave(PATIENCE_SECONDS)
