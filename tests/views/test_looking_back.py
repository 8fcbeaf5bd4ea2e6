"""An earlier step of a run is trained again, the shortest way."""

from pathlib import Path
from time import monotonic

import numpy as np
import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.packing import n_unpacked
from grokterm.experiment.recording.records import Paused, Record
from grokterm.runs.following import JournalReader
from grokterm.runs.journal import journal_line
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.session.start import start_session
from grokterm.views.looking_back import LookingBack
from tests.session.driving import Driver


@pytest.fixture
def driver(grokking: Experiment, tmp_path: Path) -> Driver:
    """A run that waits at step 40, saved there."""
    driver = Driver(start_session(grokking, tmp_path, "grokking"))
    driver.pause_at(10)
    driver.tell(Swap(train_fraction=0.6))
    driver.pause_at(40)
    driver.leave()
    return driver


@pytest.fixture
def looking(driver: Driver) -> LookingBack:
    return LookingBack(driver.session.run)


def weights_at(looking: LookingBack, step: int) -> dict[str, np.ndarray]:
    """Look at a step, and wait until it is there."""
    looking.look_at(step)
    deadline = monotonic() + 60
    while looking.analysis is None:
        assert not looking.problem, looking.problem
        assert monotonic() < deadline
    assert (looking.analysis.step, looking.reached) == (step, step)
    return dict(looking.analysis.snapshot.parameters)


def assert_there(run: Run, step: int, weights: dict[str, np.ndarray]) -> None:
    expected = trainer_at(run, step).snapshot().parameters
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        np.testing.assert_array_equal(value, expected[name])


def test_a_step_back_is_the_one_that_was_there_and_one_forward_reads_no_checkpoint(
    looking: LookingBack, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = driver.session.run
    back = weights_at(looking, 9)
    with monkeypatch.context() as patched:
        patched.setattr("grokterm.runs.replay.restore_trainer", None)
        forward = [weights_at(looking, 12), weights_at(looking, 13)]  # over the swap
    again = weights_at(looking, 3)
    for step, weights in zip((9, 12, 13, 3), (back, *forward, again), strict=True):
        assert_there(run, step, weights)
    looking.leave()


def test_a_way_that_was_left_is_no_answer(looking: LookingBack) -> None:
    looking.look_at(39)
    looking.look_at(5)
    weights_at(looking, 6)
    looking.stop()
    assert looking.analysis is None
    weights_at(looking, 6)
    looking.leave()


def test_a_step_that_was_not_reached_is_a_problem_in_words(looking: LookingBack) -> None:
    looking.look_at(10_000)
    deadline = monotonic() + 60
    while not looking.problem:
        assert monotonic() < deadline
    assert "has reached step 40, not 10,000" in looking.problem
    looking.leave()


def test_the_journal_is_read_once_and_then_what_is_new(
    looking: LookingBack, driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, lengths = driver.session.run, list[int]()
    read = JournalReader.read

    def counted(journal: JournalReader) -> tuple[list[Record], bool]:
        records, is_anew = read(journal)
        lengths.append(n_unpacked(records))
        return records, is_anew

    monkeypatch.setattr(JournalReader, "read", counted)
    monkeypatch.setattr("grokterm.runs.replay.read_journal", None)
    weights_at(looking, 9)
    n_known = lengths[-1]
    with run.journal.open("ab") as file:
        file.write(journal_line(Paused(step=40)))
    weights_at(looking, 3)
    assert n_known > 5
    assert lengths == [n_known, 1]
