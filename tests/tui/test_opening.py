"""The lab on a saved run."""

from pathlib import Path

from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.commands import Leave, SetPace
from grokterm.session.start import start_session
from grokterm.tui.screens.setup import SetupScreen
from grokterm.tui.widgets.lab.curves import CurvesView
from grokterm.tui.widgets.picture import Picture
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    LARGE,
    PATIENCE_SECONDS,
    app_on_run,
    content,
    form,
    lab,
    only_run,
    settings_shown,
    state,
    until,
)


def finished_run() -> Run:
    session = start_session(Experiment.from_toml(BRIEF), Path("runs"), "tried")
    for _ in session.records():
        pass
    return only_run()


def interrupted_run() -> Run:
    session = start_session(Experiment.from_toml(ENDLESS), Path("runs"), "tried")
    for n_records, _ in enumerate(session.records()):
        if n_records == 3:
            session.send(Leave())
    return only_run()


async def test_a_finished_run_is_shown_whole() -> None:
    run = finished_run()
    before = run.journal.read_bytes()
    app = app_on_run(run)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        assert state(app).step == 40
        assert len(state(app).curves) == 9
        await until(
            pilot,
            lambda: all(content(picture).strip() for picture in app.screen.query(Picture) if picture.display),
            "all pictures",
        )
        await until(pilot, lambda: "ended (complete)" in content(app.screen.query_one("#banner")), "the end, in words")
        assert "train" in content(app.screen.query(CurvesView).first())
        assert not app._notifications
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0
    assert run.journal.read_bytes() == before


async def test_an_interrupted_run_waits_until_space() -> None:
    run = interrupted_run()
    app = app_on_run(run)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        lab(app).training.send(SetPace(steps_per_second=100))
        step = state(app).step
        assert step > 0
        assert len(state(app).curves)
        await until(
            pilot,
            lambda: all(content(picture).strip() for picture in app.screen.query(Picture) if picture.display),
            "all pictures",
        )
        await pilot.press("space")
        await until(pilot, lambda: state(app).step > step, "more steps")
        assert lab(app).training.run_name == run.name
        lab(app).control.leave(PATIENCE_SECONDS)
    assert only_run().path == run.path


async def test_a_saved_run_can_be_left_for_the_form_which_holds_its_settings() -> None:
    app = app_on_run(finished_run())
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        await until(pilot, lambda: settings_shown(app).get("task.modulus") == "11", "its settings")
        assert form(app).named.preset == "tried"


async def test_what_to_know_of_a_run_that_was_opened_is_said() -> None:
    app = app_on_run(interrupted_run(), notice="It was killed at step 9.")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        assert [notification.message for notification in app._notifications] == ["It was killed at step 9."]
