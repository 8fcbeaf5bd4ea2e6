"""The lab on a training of another process: what it says when it is left, and what it does when the training is over."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.commands import Command
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.session.thread import TrainingThread
from grokterm.tui.control import training as control
from grokterm.tui.control.opening import saved_training
from grokterm.tui.control.succession import end_of
from grokterm.tui.widgets.lab.status import Banner
from tests.runs.test_lock import another_holds
from tests.session.driving import Driver
from tests.tui.driving import ENDLESS, PATIENCE_SECONDS, SMALL, app_on_run, content, lab, said, state, until
from tests.tui.test_leaving import question


class Elsewhere:
    """A training of another process, without the process."""

    is_elsewhere, failure, bug = True, "", None

    def __init__(self, run: Run, state: LabState) -> None:
        self.saved_run, self.run_name, self.state = run, run.name, state
        self.analysis = None
        self.is_over = False
        self.heard: list[Command] = []

    def start(self) -> None:
        """Be shown."""

    def send(self, command: Command) -> None:
        """Hear a command."""
        self.heard.append(command)

    def leave(self, seconds: float) -> bool:
        """Be left."""
        return seconds >= 0


@pytest.fixture(autouse=True)
def _ended() -> Iterator[None]:
    """What a lab has opened in this process does not outlive the test."""
    yield
    for thread in threading.enumerate():
        if isinstance(thread, TrainingThread):
            assert thread.leave(PATIENCE_SECONDS)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    """A run that another process has brought to step 20."""
    driver = Driver(start_session(Experiment.from_toml(ENDLESS), tmp_path / "runs", "endless"))
    driver.pause_at(20)
    driver.leave()
    return Elsewhere(
        driver.session.run, replace(fold(LabState(driver.trainer.experiment), driver.heard[:-1]), phase="training")
    )


async def test_one_that_is_left_paused_for_another_experiment_is_told_of(elsewhere: Elsewhere) -> None:
    elsewhere.state = replace(elsewhere.state, phase="paused")
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: lab(app).is_mounted, "the lab")
        with another_holds(elsewhere.saved_run.path) as child:
            await pilot.press("n")
            await until(pilot, lambda: said(app), "what becomes of it")
        assert f"waits, paused, in process {child.pid}; grokterm attach" in said(app)[0]


@pytest.mark.parametrize("key", ["q", "d"])
async def test_it_is_left_without_a_question_and_told_nothing(elsewhere: Elsewhere, key: str) -> None:
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "attached" in content(lab(app).query_one(Banner)), "the banner")
        await pilot.press(key)
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0
    assert elsewhere.heard == []


async def test_a_restart_says_that_it_goes_on_there_and_begins_here(elsewhere: Elsewhere) -> None:
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("r")
        assert question(app.screen) == "This run goes on where it trains. Start a new one here, with its settings and seed?"
        await pilot.press("escape")
        assert lab(app).training is elsewhere


async def test_once_it_is_over_the_saved_run_is_open_here_and_nothing_vanishes(elsewhere: Elsewhere) -> None:
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        elsewhere.state = replace(elsewhere.state, phase="ended", ended="interrupted")
        elsewhere.is_over = True
        await until(pilot, lambda: isinstance(lab(app).training, TrainingThread), "the saved run")
        assert (lab(app).training.run_name, state(app).curves) == (elsewhere.run_name, elsewhere.state.curves)
        await until(pilot, lambda: state(app).phase == "paused", "the pause")
        assert (state(app).step, len(state(app).curves)) == (20, len(elsewhere.state.curves))
        await until(pilot, lambda: "attached" not in content(lab(app).query_one(Banner)), "the banner")
        await pilot.press("full_stop")
        await until(pilot, lambda: state(app).step == 21, "a step")


async def test_the_last_state_stays_when_its_folder_is_moved_away(elsewhere: Elsewhere, tmp_path: Path) -> None:
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        elsewhere.saved_run.path.rename(tmp_path / "away")
        elsewhere.is_over = True
        await until(pilot, lambda: any("its folder is gone" in text for text in said(app)), "the notice")
        await pilot.pause(0.1)  # more looks
        assert (lab(app).training is elsewhere, len(said(app))) == (True, 2)


@pytest.mark.parametrize("is_found_by", ["looking out", "space"])
async def test_it_is_attached_again_to_the_process_that_goes_on_with_the_run(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, is_found_by: str
) -> None:
    other = Elsewhere(elsewhere.saved_run, replace(elsewhere.state, step=33))
    is_there = asyncio.Event()

    async def successor(_: Run) -> Elsewhere | None:
        await is_there.wait()
        return other if is_found_by == "looking out" else None

    monkeypatch.setattr(control, "successor", successor)
    monkeypatch.setattr(control, "is_trained_elsewhere", lambda _: is_there.is_set())
    monkeypatch.setattr(control, "watched", lambda _: other)
    app = app_on_run(elsewhere.saved_run, training=elsewhere)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.pause()
        elsewhere.state = replace(elsewhere.state, phase="ended", ended="interrupted")
        elsewhere.is_over = True
        await until(pilot, lambda: state(app).phase == "paused", "the saved run")
        assert [toast.title for toast in app._notifications] == ["Ended elsewhere"]
        is_there.set()
        await pilot.press(*(["space"] if is_found_by == "space" else []))
        await until(pilot, lambda: lab(app).training is other, "the other process")


def test_it_is_said_how_a_training_has_ended_elsewhere(elsewhere: Elsewhere) -> None:
    died = end_of(elsewhere)
    assert died is not None
    assert (died.title, "has died after step 20" in died.text) == ("Ended elsewhere", True)
    elsewhere.state = replace(elsewhere.state, phase="ended", ended="interrupted")
    stopped = end_of(elsewhere)
    assert stopped is not None
    assert (stopped.title, "saved and ended it at step 20" in stopped.text) == ("Ended elsewhere", True)
    elsewhere.state = replace(elsewhere.state, ended="complete")
    assert end_of(elsewhere) is None


def test_what_is_opened_here_has_the_steps_by_which_another_process_has_extended_it(elsewhere: Elsewhere) -> None:
    run = elsewhere.saved_run
    more = run.experiment.extended(run.experiment.training.steps + 77, "")
    Run(run.path).rewrite(more)
    assert run.experiment != more  # as it was read before
    opened = saved_training(run)
    opened.start()
    opened.leave(60)
    assert opened.state.steps == more.training.steps
