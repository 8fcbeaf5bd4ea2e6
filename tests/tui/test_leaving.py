"""How the lab is left: nothing is lost without a word."""

from pathlib import Path
from threading import Event

import pytest
from textual.widgets import Static

from grokterm.runs import checkpoint
from grokterm.runs.storage.durable import write_durably
from grokterm.session.start import resume_session
from grokterm.tui.screens.dialogs import Confirm, FieldsDialog
from grokterm.tui.screens.lab import LabScreen
from grokterm.tui.screens.setup import SetupScreen
from tests.runs.failing import disk_full
from tests.tui.driving import (
    BRIEF,
    ENDLESS,
    PATIENCE_SECONDS,
    app_on,
    journal,
    only_run,
    paused,
    said,
    state,
    training,
    training_thread,
    until,
)


def question(screen: object) -> str:
    assert isinstance(screen, Confirm)
    return str(screen.query(Static).first().render())


async def test_q_asks_while_training_and_stay_stays() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("q")
        assert f"Save and quit? Resume with `grokterm open {only_run().name}`." in question(app.screen)
        await pilot.press("tab", "enter")
        assert isinstance(app.screen, LabScreen)
        step = state(app).step
        await until(pilot, lambda: state(app).step > step, "more steps")


@pytest.mark.parametrize("agree", ["enter", "y"])
async def test_agreeing_to_quit_saves_a_run_that_can_be_resumed(agree: str) -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        thread = training_thread(app)
        await until(pilot, lambda: state(app).step > 3, "a few steps")
        await pilot.press("q", agree)
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0
    assert not thread.is_alive()
    session, _ = resume_session(only_run())
    assert session.trainer.step == thread.state.step > 3


async def test_a_training_that_a_dialog_holds_can_be_left() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        thread = training_thread(app)
        await pilot.press("w", "ctrl+q")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        assert isinstance(app.screen, FieldsDialog)
        await pilot.press("ctrl+q", "enter")
        await until(pilot, lambda: not app.is_running, "the end")
    assert (app.return_value, thread.is_alive()) == (0, False)


async def test_a_key_of_the_question_stays() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        for stay in ("escape", "n"):
            await pilot.press("q")
            assert isinstance(app.screen, Confirm)
            await pilot.press(stay)
            assert isinstance(app.screen, LabScreen)
            assert training_thread(app).is_alive()


async def test_asking_to_quit_twice_asks_once() -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("ctrl+q", "ctrl+q")
        assert isinstance(app.screen, Confirm)
        await pilot.press("escape")
        assert isinstance(app.screen, LabScreen)


async def test_q_after_the_end_leaves_at_once() -> None:
    app = app_on(BRIEF)
    async with training(app, pace=None) as pilot:
        await until(pilot, lambda: state(app).phase == "ended", "the end of the training")
        await pilot.press("q")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0


async def test_a_full_disk_is_said_and_the_lab_stays_and_quitting_names_what_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        kept = await paused(pilot, app)
        monkeypatch.setattr(checkpoint, "write_durably", refuse)
        await pilot.press("full_stop")
        await until(pilot, lambda: state(app).step > kept, "a step that is not saved")
        await pilot.press("s")
        await until(pilot, lambda: said(app), "the notification")
        assert "No space left on device: make room. Training waits: save, then resume." in said(app)[0]
        assert isinstance(app.screen, LabScreen)
        await pilot.press("q")
        assert f"No space left on device: make room. What came after step {kept} will be lost." in question(app.screen)
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 1


async def test_a_save_that_fails_as_the_one_before_says_so_again(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        kept = await paused(pilot, app)
        with monkeypatch.context() as patch:
            patch.setattr(checkpoint, "write_durably", refuse)
            await pilot.press("full_stop")
            await until(pilot, lambda: state(app).step > kept, "a step that is not saved")
            await pilot.press("s")
            await until(pilot, lambda: len(said(app)) == 1, "the first notification")
            await pilot.press("s")
            await until(pilot, lambda: len(said(app)) == 2, "the second notification")
        await pilot.press("s")
        await until(pilot, lambda: said(app)[-1].startswith("step "), "the save")


def refuse(*_: object) -> None:
    raise disk_full()


async def test_a_disk_that_is_full_only_when_the_lab_is_left_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        monkeypatch.setattr(checkpoint, "write_durably", refuse)
        await pilot.press("q", "enter")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 1


async def test_quitting_the_form_waits_for_the_training_that_was_left_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    written = Event()

    def write_slowly(path: Path, content: bytes) -> None:
        assert written.wait(PATIENCE_SECONDS)
        write_durably(path, content)

    app = app_on(ENDLESS)
    async with training(app) as pilot:
        thread = training_thread(app)
        monkeypatch.setattr(checkpoint, "write_durably", write_slowly)
        await pilot.press("n", "enter")
        await until(pilot, lambda: isinstance(app.screen, SetupScreen), "the form")
        await pilot.press("ctrl+q")
        assert app.is_running
        written.set()
        await until(pilot, lambda: not app.is_running, "the end")
    assert not thread.is_alive()
    assert journal(only_run())[-1].record == "finished"
    assert app.last_words.startswith(f"grokterm: {only_run().name} saved at step ")
