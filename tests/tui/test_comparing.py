"""A second network beside the present one."""

import re
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from types import SimpleNamespace

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from grokterm.experiment.experiment import Experiment
from grokterm.runs.journal import read_journal
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.tui.app import GroktermApp
from grokterm.tui.screens.compare import RunList
from grokterm.tui.screens.dialogs import FieldsDialog
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.lab.network_picture import NetworkPicture
from grokterm.views.earlier import MOST_OVERLAYS
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    LARGE,
    SMALL,
    app_on,
    content,
    journal,
    lab,
    only_run,
    state,
    training,
    type_into,
    until,
)


def pinned(app: GroktermApp) -> NetworkPicture:
    return lab(app).query_one("#pinned", NetworkPicture)


async def compare(pilot: Pilot[int], app: GroktermApp, step: str) -> None:
    await pilot.press("c")
    assert isinstance(app.screen, FieldsDialog)
    await type_into(pilot, app.screen.query(Input).last(), step)
    await pilot.press("enter")
    await until(pilot, lambda: app.screen is lab(app), "the dialog to close")


async def test_a_run_is_put_beside_itself_at_another_step() -> None:
    app = app_on(BRIEF)
    async with training(app, LARGE, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await compare(pilot, app, "10")
        for key, subtitle in (
            ("2", "step 10 "),
            ("3", "step 10 "),
            ("4", "step 10 "),
            ("5", "step 10 "),
            ("6", "step 10 "),
            ("7", "step 10"),
        ):
            await pilot.press(key)
            await until(pilot, lambda: subtitle in f"{pinned(app).border_subtitle}", f"tab {key}")  # noqa: B023
            assert only_run().name in str(pinned(app).border_title)
        present = lab(app).query_one("#present")
        await until(pilot, lambda: "step 40" in str(present.border_subtitle), "the present one")
        await pilot.press("c")
        assert not pinned(app).display
        assert lab(app)._layout.network.comparison is None


async def test_without_a_step_it_is_the_newest_checkpoint_also_on_a_small_terminal() -> None:
    app = app_on(BRIEF)
    async with training(app, SMALL, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await compare(pilot, app, "")
        await until(pilot, lambda: "step 40" in str(pinned(app).border_subtitle), "the newest checkpoint")


async def test_what_cannot_be_put_beside_it_is_explained() -> None:
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await pilot.press("c")
        fields = app.screen.query(Input)
        await type_into(pilot, fields.first(), "nobody")
        await pilot.press("enter")
        assert "no run is called 'nobody'" in str(app.screen.query_one("#problem", Static).render())
        fields.first().value = only_run().name
        await type_into(pilot, fields.last(), "many")
        await pilot.press("enter")
        assert "step must be a whole number" in str(app.screen.query_one("#problem", Static).render())
        await type_into(pilot, fields.last(), "999999")
        await pilot.press("enter")
        problem = app.screen.query_one("#problem", Static)
        reached = r"has reached step ([\d,]+), not 999,999"
        await until(pilot, lambda: re.search(reached, str(problem.render())), "how far it has come")
        (step,) = re.findall(reached, str(problem.render()))
        assert int(step.replace(",", "")) in {record.step for record in read_journal(only_run().journal)}


async def test_a_long_way_says_how_far_it_is_and_can_be_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    left = Event()

    def endless(_run: Run, _step: int | None, **_records: object) -> Iterator[SimpleNamespace]:
        try:
            while True:
                yield SimpleNamespace(step=1234)
                left.wait(0.01)
        finally:
            left.set()

    monkeypatch.setattr("grokterm.runs.replay.replay", endless)
    monkeypatch.setattr("grokterm.tui.screens.compare.reached_step", lambda _: 5000)
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await compare(pilot, app, "5000")
        await until(pilot, lambda: "step 1,234 of 5,000" in content(pinned(app)), "how far it is")
        await pilot.press("c")
        assert not pinned(app).display
        await until(pilot, left.is_set, "the end of it")


async def test_comparing_leaves_no_trace_in_the_run() -> None:
    app = app_on(BRIEF)
    async with training(app, LARGE, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        run = only_run()
        before = journal(run), sorted(path.name for path in run.path.rglob("*"))
        await compare(pilot, app, "0")
        await until(pilot, lambda: "step 0 " in str(pinned(app).border_subtitle), "the untrained network")
        assert (journal(run), sorted(path.name for path in run.path.rglob("*"))) == before
    assert list(Path("runs").iterdir()) == [run.path]


async def test_earlier_runs_are_drawn_behind_the_curves_and_stay_for_the_next_training() -> None:
    earlier = app_on(BRIEF)
    async with training(earlier, pace=None) as pilot:
        await until(pilot, lambda: state(earlier).phase == "ended", "the end")
    name = only_run().name
    app = app_on(BRIEF)
    async with training(app, LARGE, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await pilot.press("c")
        runs = app.screen.query_one(RunList)
        await until(pilot, lambda: runs.option_count, "the list")
        assert "X" not in content(runs)
        await pilot.press("down", "down", "space")  # from the fields to the list
        await until(pilot, lambda: "X" in content(runs), "the mark, also without colors")
        await pilot.press("enter")
        curves = lab(app).query_one(CurvesView)
        await until(pilot, lambda: [overlay.name for overlay in curves.overlays] == [name], "the earlier run")
        await until(pilot, lambda: "⠒⠒tried" in content(curves), "its name below the curves")
        assert lab(app)._layout.network.comparison is None
        before = curves.overlays
        await pilot.press("c")
        again = app.screen.query_one(RunList)
        await until(pilot, lambda: again.option_count, "the list")
        again.focus()
        await pilot.press("enter")
        await until(pilot, lambda: curves.overlays is not before, "the same run, read anew")
        await until(pilot, lambda: "⠒⠒tried" in content(curves), "its name, still there")
    next_lab = app_on(BRIEF)
    async with training(next_lab, pace=None) as pilot:
        curves = lab(next_lab).query_one(CurvesView)
        await until(pilot, lambda: [overlay.name for overlay in curves.overlays] == [name], "the same in the next lab")


async def test_no_more_runs_are_overlaid_than_have_an_ink(tiny: Experiment) -> None:
    for _ in range(8):
        create_run(Path("runs"), tiny, "tiny", {})
    app = app_on(ENDLESS)
    async with training(app, LARGE) as pilot:
        await pilot.press("c")
        runs = app.screen.query_one(RunList)
        await until(pilot, lambda: runs.option_count == 8, "the list")
        runs.focus()
        await pilot.press(*["space", "down"] * 8)
        assert len(runs.selected) == MOST_OVERLAYS
        assert "at most 6 runs" in str(app.screen.query_one("#problem", Static).render())
