"""A training goes on in the background when the lab is left for it, or its terminal is gone."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from grokterm.errors import NotBegunError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.lock import RunLock, holder_of
from grokterm.runs.store import Run
from grokterm.session.detached import Begun, Outset
from grokterm.session.state import LabState
from grokterm.tui.control import handover
from grokterm.tui.control.farewell import farewell
from grokterm.tui.control.handover import hand_over_unattended, reason_against
from tests.runs.test_lock import another_holds
from tests.tui.driving import ENDLESS, app_on, only_run, paused, said, state, training, until

if TYPE_CHECKING:
    from grokterm.session.thread import TrainingThread

STATE = replace(LabState(Experiment.from_toml(ENDLESS)), phase="training", step=1200)


class Trained:
    """What is asked of a training that is handed over."""

    def __init__(self, path: Path, **changes: object) -> None:
        self.saved_run = Run(path)
        self.outset = Outset(is_paused=True, pace=10.0)
        self.state = replace(STATE, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, ""),
        ({"phase": "paused"}, ""),
        ({"phase": "loading"}, "it has not begun: wait a moment"),
        ({"phase": "ended", "ended": "complete"}, "it has ended: q leaves"),
        ({"part": "part 1 of 2"}, ""),
        ({"unsaved": "disk full: make room"}, "disk full: make room, and press s before d"),
    ],
)
def test_what_cannot_be_handed_over_says_why(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    lock = RunLock(tmp_path)
    lock.take()
    assert reason_against(cast("TrainingThread", Trained(tmp_path, **changes))) == reason


def test_a_run_that_is_only_looked_at_is_not_handed_over(tmp_path: Path) -> None:
    looking = cast("TrainingThread", Trained(tmp_path, phase="paused"))
    assert reason_against(looking) == "nothing trains yet: space goes on, q leaves"


@pytest.mark.parametrize(
    ("changes", "goes_on"),
    [({"ended": "interrupted"}, True), ({}, False), ({"ended": "complete"}, False), ({"unsaved": "disk full"}, False)],
)
def test_only_what_trained_goes_on_without_its_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], *, goes_on: bool
) -> None:
    resumed: list[Outset] = []
    monkeypatch.setattr(handover, "resume_unattended", lambda _, outset: resumed.append(outset))
    training = Trained(tmp_path, **changes)
    hand_over_unattended(cast("TrainingThread", training))
    assert resumed == ([training.outset] if goes_on else [])
    assert training.outset.options == ["--paused", "--pace=10.0"]


def test_the_last_line_says_that_it_goes_on_and_how_to_come_back(tmp_path: Path) -> None:
    (folder := tmp_path / "runs" / "one").mkdir(parents=True)
    with another_holds(folder) as child:
        words = f"in process {child.pid}; grokterm attach one shows it, grokterm runs stop one ends it"
        assert farewell(STATE, Run(folder)) == f"grokterm: one goes on {words}"
        assert farewell(replace(STATE, phase="paused"), Run(folder)) == f"grokterm: one waits, paused, {words}"
        then = words.replace(";", ", and the mixture after it;")
        assert farewell(replace(STATE, part="part 1 of 2"), Run(folder)) == f"grokterm: one goes on {then}"


async def test_d_saves_and_leaves_and_lets_another_process_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[tuple[Run, Outset]] = []

    def resume(run: Run, outset: Outset) -> Begun:
        assert holder_of(run.path) is None
        handed.append((run, outset))
        return Begun(name=run.name, pid=1, socket="")

    monkeypatch.setattr(handover, "resume_in_background", resume)
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await paused(pilot, app)
        await pilot.press("d")
        await until(pilot, lambda: not app.is_running, "the end")
    assert app.return_value == 0
    assert handed == [(only_run(), Outset(is_paused=True, pace=30.0))]


async def test_a_training_that_does_not_begin_there_stays_on_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> Begun:
        raise NotBegunError("no room", 1)

    monkeypatch.setattr(handover, "resume_in_background", refuse)
    app = app_on(ENDLESS)
    async with training(app) as pilot:
        await pilot.press("d")
        await until(pilot, lambda: said(app) == ["no room"], "the reason")
        await until(pilot, lambda: state(app).phase == "paused", "the saved run")
        step = state(app).step
        await pilot.press("full_stop")
        await until(pilot, lambda: state(app).step == step + 1, "a step")
