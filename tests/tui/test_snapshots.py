"""Every pane of the lab on a saved run, as text.

    GROKTERM_SNAPSHOTS=write pytest tests/tui/test_snapshots.py

writes them anew: look at what has changed before you commit it.
"""

import os
from pathlib import Path

import pytest
from textual.pilot import Pilot

from grokterm.runs.listing.annotations import Annotations
from grokterm.tui.app import GroktermApp
from grokterm.tui.panes import panes
from tests.tui.driving import BRIEF, LARGE, SMALL, app_on, app_on_run, state, until
from tests.tui.saved_run import saved_run
from tests.tui.saved_runs import NOW, made_run

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
            compare(await settled(pilot, app), f"{pane}-{size[0]}x{size[1]}.txt")


@pytest.mark.usefixtures("_drawn_at_once")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "160x45"])
async def test_the_list_of_runs_looks_as_it_did(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.tui.screens.runs.time", lambda: NOW)
    notes = Annotations(is_pinned=True, tags=("paper",), note="the one of the figure")
    made_run("tried-seed-7-20330518-013320", seed=7, age=2 * 86_400, notes=notes)
    for number, grokked_at in enumerate((20, 30, None)):
        made_run(f"tried-seed-{number}-20330518-02332{number}", seed=number, age=60.0 * number, grokked_at=grokked_at)
    app = app_on(BRIEF, start=False)
    async with app.run_test(size=size) as pilot:
        await pilot.press("R")
        await until(pilot, lambda: str(app.screen.query_one("#listing").border_subtitle) == "4", "the runs")
        await pilot.press("space")
        compare(await settled(pilot, app), f"runs-{size[0]}x{size[1]}.txt")


def compare(shown: str, name: str) -> None:
    """Compare what a screen says with the file of this name; write that file if it is asked for."""
    file = FOLDER / name
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
