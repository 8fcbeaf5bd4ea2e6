"""What other processes of this host train, or seem to."""

import json
import os
from collections.abc import Iterator

import pytest

from grokterm.errors import StorageError, UnreachableError
from grokterm.runs.lock import HOLDER
from grokterm.session import attaching
from grokterm.session.attaching import attached, stop_training, trained_here, watched
from grokterm.session.commands import Pause, Resume
from grokterm.session.follower import FollowedTraining
from grokterm.session.remote.messages import HELLO
from tests.session.driving import Driver
from tests.session.remote.serving import Served


@pytest.fixture
def served(driver: Driver) -> Iterator[Served]:
    """A new run, paused at step 0 and served."""
    driver.tell(Pause())
    served = Served(driver)
    yield served
    served.close()


def _hold_as(driver: Driver, **changes: object) -> None:
    """Let another process seem to hold the run that this one trains."""
    path = driver.session.run.path / HOLDER
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | changes), encoding="utf-8")


def test_a_run_that_cannot_be_reached_is_followed_and_one_that_rests_is_not_watched(driver: Driver) -> None:
    run = driver.session.run
    driver.tell(Pause())
    assert watched(run) is None  # by this process itself
    _hold_as(driver, host="gpu7", pid=4711)
    assert isinstance(watched(run), FollowedTraining)
    (run.path / "experiment.toml").unlink()
    assert watched(type(run)(run.path)) is None
    driver.leave()
    assert watched(run) is None


def test_a_run_that_was_left_is_said_to_be_saved(driver: Driver) -> None:
    driver.pause_at(3)
    driver.tell(Resume())
    driver.leave()
    run, step = driver.session.run, driver.trainer.step
    with pytest.raises(UnreachableError, match=f"does not train: it is saved at step {step}; grokterm run --resume .* goes on"):
        attached(run)


@pytest.mark.usefixtures("served")
def test_a_training_of_another_version_is_not_listed(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    assert driver.session.run.path.resolve() in [run.path for run in trained_here()]
    monkeypatch.setattr("grokterm.session.remote.server.HELLO", HELLO.model_copy(update={"protocol": 99}))
    assert driver.session.run.path.resolve() not in [run.path for run in trained_here()]


def test_a_training_that_does_not_end_is_not_waited_for_for_ever(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attaching, "STOP_SECONDS", 0.0)
    monkeypatch.setattr("os.kill", lambda *_: None)
    driver.tell(Pause())
    with pytest.raises(StorageError, match=f"process {os.getpid()} still trains run .*: its disk may hang"):
        stop_training(driver.session.run)
    driver.leave()
