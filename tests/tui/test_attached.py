"""The lab on a training of another process: what it says when it is left, and what it does when the training is over."""

from dataclasses import replace
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.runs.store import Run
from grokterm.session.commands import Command
from grokterm.session.start import start_session
from grokterm.session.state import LabState, fold
from grokterm.session.thread import TrainingThread
from grokterm.tui.widgets.status import Banner
from tests.session.driving import Driver
from tests.tui.driving import ENDLESS, SMALL, app_on_run, content, lab, state, until
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


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    """A run that another process has brought to step 20."""
    driver = Driver(start_session(Experiment.from_toml(ENDLESS), tmp_path / "runs", "endless"))
    driver.pause_at(20)
    driver.leave()
    return Elsewhere(
        driver.session.run, replace(fold(LabState(driver.trainer.experiment), driver.heard[:-1]), phase="training")
    )


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
