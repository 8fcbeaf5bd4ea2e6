"""A training that goes on in a process of its own; tests/cli starts some."""

import shutil
from types import SimpleNamespace

import pytest

from grokterm.errors import StorageError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.naming import Named
from grokterm.runs.whole import read_whole
from grokterm.session import detached
from grokterm.session.commands import Pause, SetPace
from grokterm.session.detached import Background, Begun, Outset, begin, resume_in_background
from tests.session.driving import Driver


def test_a_run_goes_on_as_it_was_left_and_what_follows_it_is_kept_in_its_folder(
    driver: Driver, tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[list[str]] = []

    def begun(arguments: list[str]) -> tuple[Begun, str]:
        asked.append(arguments)
        return Begun(name="one", pid=7, socket=""), ""

    monkeypatch.setattr(detached, "begin", begun)
    run, whole = driver.session.run, Named(tiny, "mine", "whole")
    assert resume_in_background(run, Outset()).pid == 7
    resume_in_background(run, Outset(is_paused=True, pace=2.5, whole=whole))
    first = ["--resume", run.name, "--runs-dir", str(run.path.parent.resolve())]
    assert asked == [first, [*first, "--paused", "--pace=2.5", "--whole"]]
    assert read_whole(run) == whole


def test_a_part_whose_folder_is_gone_is_not_handed_over(driver: Driver, tiny: Experiment) -> None:
    run = driver.session.run
    shutil.rmtree(run.path)
    with pytest.raises(StorageError, match=r"/whole\.json cannot be written: No such file or directory"):
        resume_in_background(run, Outset(whole=Named(tiny, "mine", "whole")))


def test_it_begins_paused_and_at_the_pace_that_it_had(driver: Driver) -> None:
    Background(Outset()).prepare(driver.session)
    assert driver.session.untaken() == []
    Background(Outset(is_paused=True, pace=2.5)).prepare(driver.session)
    assert driver.session.untaken() == [Pause(), SetPace(steps_per_second=2.5)]


def test_one_that_the_user_does_not_wait_for_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    ended: list[str] = []
    stream = SimpleNamespace(readline=interrupt)
    process = SimpleNamespace(stdout=stream, stderr=stream, terminate=lambda: ended.append("terminated"))
    monkeypatch.setattr(detached, "_start", lambda *_: process)
    with pytest.raises(KeyboardInterrupt):
        begin(["--preset", "quick"])
    assert ended == ["terminated"]
