"""A run that another host trains."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from grokterm.errors import CheckpointError
from grokterm.experiment.interventions import Swap
from grokterm.runs import replay
from grokterm.runs.following import JournalReader
from grokterm.runs.replay import trainer_at
from grokterm.session import follower
from grokterm.session.commands import Analyze, Hold, Release, StepOnce
from grokterm.session.follower import FollowedTraining
from grokterm.session.state import LabState, fold
from tests.session.driving import Driver, files_of
from tests.session.remote.serving import until
from tests.session.remote.test_packing import assert_same, values


@pytest.fixture
def followed(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> Iterator[FollowedTraining]:
    """A run that was paused at step 4."""
    monkeypatch.setattr(follower, "LOOK_SECONDS", 0.005)
    driver.pause_at(4)
    followed = FollowedTraining(driver.session.run)
    followed.start()
    yield followed
    assert followed.leave(60)
    assert (followed.failure, followed.bug) == ("", None)


def test_its_journal_is_followed_as_it_grows(driver: Driver, followed: FollowedTraining) -> None:
    def is_there() -> bool:
        state = fold(LabState(driver.session.run.experiment), driver.journal)
        same = values(replace(followed.state, n_earlier_events=0, opened_at=0)) == values(state)
        return same and np.array_equal(followed.state.curves.rows, state.curves.rows, equal_nan=True)

    until(is_there, "what was")
    driver.tell(Swap(train_fraction=0.3))
    driver.train_past(20)
    until(is_there, "what has happened since")
    assert (followed.is_elsewhere, followed.run_name) == (True, driver.session.run.name)


def test_its_network_is_that_of_the_newest_checkpoint(driver: Driver, followed: FollowedTraining) -> None:
    def picture_at(step: int) -> None:
        until(lambda: followed.state.saved_at == step, "the checkpoint")
        followed.send(Analyze())
        until(lambda: followed.analysis is not None and followed.analysis.step == step, "the picture")
        assert followed.analysis is not None
        assert_same(followed.analysis.snapshot, trainer_at(driver.session.run, step).snapshot())

    picture_at(0)  # where it was paused
    driver.tell(Swap(train_fraction=0.3))
    picture_at(4)


def test_nothing_is_changed_and_that_is_said(driver: Driver, followed: FollowedTraining) -> None:
    files = files_of(driver.session.run)
    for command in (Hold(), StepOnce(), Release()):
        followed.send(command)
    until(lambda: followed.state.refusals, "the refusal")
    (refusal,) = followed.state.refusals
    assert refusal.startswith("it trains on ")
    assert refusal.endswith("here its journal is followed, and nothing can be changed")
    assert (followed.state.phase, followed.state.is_held) == ("paused", False)
    assert files_of(driver.session.run) == files


def test_what_is_known_stays_when_the_folder_is_moved_away(driver: Driver, followed: FollowedTraining, tmp_path: Path) -> None:
    until(lambda: followed.state.step == 4, "what was")
    driver.session.run.path.rename(tmp_path / "away")
    until(lambda: followed.is_over, "its end")
    assert (followed.state.step, followed.failure) == (4, "")


def test_a_checkpoint_is_pictured_once_and_one_that_has_gone_not_at_all(
    driver: Driver, followed: FollowedTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> None:
        followed.send(Analyze())
        until(lambda: not followed._is_looked_at, "the look")

    def gone(*_: object) -> None:
        raise CheckpointError("it has gone")

    until(lambda: followed.state.saved_at == 0, "the checkpoint")
    look()
    until(lambda: followed.analysis is not None, "the picture")
    first = followed.analysis
    monkeypatch.setattr(replay, "trainer_at", gone)
    look()
    driver.tell(Swap(train_fraction=0.3))
    until(lambda: followed.state.saved_at == 4, "the next checkpoint")
    look()
    until(lambda: followed.state.refusals, "the reason")
    assert followed.state.refusals == ("no picture: it has gone",)
    assert followed.analysis is first


def test_it_ends_once_the_process_that_trains_has_let_go_of_the_run(driver: Driver, followed: FollowedTraining) -> None:
    until(lambda: followed._was_held, "the lock")
    assert not followed.is_over
    driver.leave()
    until(lambda: followed.is_over, "its end")
    assert followed.state.ended == "interrupted"


def test_a_journal_that_cannot_be_read_is_a_failure_and_a_bug_is_kept_for_the_screen(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: JournalReader) -> None:
        raise ZeroDivisionError

    run = driver.session.run
    run.journal.write_text("{}\n{}\n")
    damaged = FollowedTraining(run)
    damaged.run()
    assert damaged.failure.endswith("has a line that is not a record: it is of another version, or damaged")
    assert (damaged.state.phase, damaged.bug) == ("failed", None)
    monkeypatch.setattr(JournalReader, "read", broken)
    wrong = FollowedTraining(run)
    wrong.run()
    assert isinstance(wrong.bug, ZeroDivisionError)
