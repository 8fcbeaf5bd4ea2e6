"""Trainings that cannot start, and bugs."""

from pathlib import Path
from threading import Event

import pytest

from grokterm.errors import ConfigError
from grokterm.session import start as opening
from grokterm.training.trainer import Trainer
from grokterm.tui.app import GroktermApp
from grokterm.tui.screens.dialogs import FieldsDialog
from grokterm.tui.screens.help import HelpScreen
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    PATIENCE_SECONDS,
    SMALL,
    app_on,
    control,
    form,
    lab,
    said,
    state,
    training,
    type_into,
    until,
)

NO_SUCH_DEVICE = BRIEF.replace("[task]", 'device = "cuda:99"\n[task]')


@pytest.mark.parametrize("start", [True, False])
async def test_a_runs_folder_that_is_a_file_is_said_on_the_form(tmp_path: Path, *, start: bool) -> None:
    (tmp_path / "taken").touch()
    app = app_on(BRIEF, runs_dir=tmp_path / "taken", start=start)
    async with app.run_test(size=SMALL) as pilot:
        if not start:
            await pilot.press("ctrl+s")
        await until(pilot, lambda: said(app), "the notification")
        assert "cannot be written" in said(app)[0]
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        assert len(said(app)) == 1


@pytest.mark.parametrize("start", [True, False])
async def test_a_device_that_this_machine_lacks_is_said_on_the_form(*, start: bool) -> None:
    app = app_on(NO_SUCH_DEVICE, start=start)
    async with app.run_test(size=SMALL) as pilot:
        if not start:
            await pilot.press("ctrl+s")
        await until(pilot, lambda: said(app), "the notification")
        assert "device cuda:99" in said(app)[0]
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")


async def test_the_form_is_returned_to_as_it_was_left() -> None:
    app = app_on(NO_SUCH_DEVICE, start=False)
    async with app.run_test(size=SMALL) as pilot:
        await type_into(pilot, control(app, "task.modulus"), "13")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: said(app), "the notification")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        assert form(app).experiment.task.modulus == 13


async def test_a_failure_while_the_help_is_open_returns_to_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    has_help = Event()

    def start_session(*_: object) -> None:
        assert has_help.wait(PATIENCE_SECONDS)
        raise ConfigError("no such device")

    monkeypatch.setattr(opening, "start_session", start_session)
    app = app_on(ENDLESS)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("question_mark")
        assert isinstance(app.screen, HelpScreen)
        has_help.set()
        await until(pilot, lambda: said(app) == ["no such device"], "the notification")
        assert [type(screen) for screen in app.screen_stack[1:]] == [SetupScreen]


async def test_a_restart_that_cannot_begin_leaves_the_lab_as_it_is() -> None:
    runs = Path("runs")
    app = app_on(ENDLESS, runs_dir=runs)
    async with training(app) as pilot:
        lab(app).control.leave(PATIENCE_SECONDS)
        runs.rename("moved")
        runs.touch()
        await pilot.press("r")
        await until(pilot, lambda: said(app), "the notification")
        assert said(app)[0].endswith(" was moved or deleted: put it back")
        assert isinstance(app.screen, LabScreen)


async def test_a_bug_in_the_training_is_raised_with_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def advance(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Trainer, "advance", advance)
    with pytest.raises(ZeroDivisionError, match="a bug") as caught:
        await ended(app_on(ENDLESS))
    assert any(entry.name == "advance" for entry in caught.traceback)


async def test_a_bug_before_the_training_is_raised_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def start_session(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(opening, "start_session", start_session)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await ended(app_on(ENDLESS))


async def ended(app: GroktermApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: not app.is_running, "the end")


async def test_a_run_that_diverges_waits_with_a_way_out_and_does_not_go_on() -> None:
    text = BRIEF.replace('kind = "adamw"', 'kind = "gd"').replace("learning_rate = 1e-2", "learning_rate = 1e12")
    app = app_on(text)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).trouble, "the trouble")
        step = state(app).step
        words = f"paused: diverged at step {step}"
        await until(pilot, lambda: words in str(app.screen.query_one("#banner").render()), "the words")
        await pilot.press("space")
        await until(pilot, lambda: any("branch at step 0, the last good" in one for one in said(app)), "the refusal")
        assert (state(app).phase, state(app).step) == ("paused", step)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(app.screen, FieldsDialog), "the dialog")
        assert "branch at step 0" in str(app.screen.query_one(".dialog").border_title)
