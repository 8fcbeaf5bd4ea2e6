"""Every pane of the lab on a saved run, as text.

    GROKTERM_SNAPSHOTS=write pytest tests/tui/test_snapshots.py

writes them anew: look at what has changed before you commit it.
"""

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from grokterm.tui.app import GroktermApp
from grokterm.tui.panes import panes
from tests.tui.driving import LARGE, SMALL, app_on_run, state, until
from tests.tui.saved_run import saved_run

UNSETTLED = ("computing", "waiting for")
FOLDER = Path(__file__).parent / "snapshots"


@pytest.mark.usefixtures("_drawn_at_once")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_every_pane_looks_as_it_did(size: tuple[int, int]) -> None:
    app = app_on_run(saved_run(Path("runs")))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the run")
        for pane, key in panes().items():
            await pilot.press(key)
            shown = await settled(pilot, app)
            file = FOLDER / f"{pane}-{size[0]}x{size[1]}.txt"
            if os.environ.get("GROKTERM_SNAPSHOTS") == "write":
                file.parent.mkdir(exist_ok=True)
                file.write_text(shown, encoding="utf-8")
            assert shown == file.read_text("utf-8"), f"{file.name} has changed"


async def settled(pilot: Pilot[int], app: GroktermApp) -> str:
    """Return what the screen says once nothing is computed any more, and two looks agree."""
    last = ""
    while (shown := screen_text(app)) != last or any(words in shown for words in UNSETTLED):
        last = shown
        await pilot.pause(0.1)
    return shown


def screen_text(app: GroktermApp) -> str:
    """Return the characters of the whole screen."""
    strips = app.screen._compositor.render_strips()
    return "".join(f"{strip.text.rstrip()}\n" for strip in strips)
