"""A training in trouble waits for a user who attends to it, and else ends; nothing sound is lost by it."""

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from grokterm.engines.step import GradientStep
from grokterm.errors import DeviceLostError, ProcessDiedError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Save, Set, Swap
from grokterm.experiment.recording.records import Checkpointed, Finished, Paused, Record, Refused, Unsaved
from grokterm.experiment.recording.trouble import Trouble
from grokterm.optim.rng import StepRng
from grokterm.reports.listing import standing_in_short
from grokterm.runs.listing.index import list_rows
from grokterm.runs.resume import has_ended
from grokterm.session.commands import Analyze, Command, GoOn, Resume, StepOnce
from grokterm.session.session import Session
from grokterm.session.start import resume_session, start_session
from grokterm.session.state import LabState, fold
from tests.runs.records import journaled
from tests.runs.tensors import same
from tests.session.driving import Driver, files_of, undisturbed, with_settings
from tests.training.outcome import single_of

AT = 12
NO_MEMORY = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
BROKEN = getattr(torch, "AcceleratorError", RuntimeError)(  # torch 2.6 has none
    "CUDA error: an illegal memory access was encountered\nCUDA kernel errors might be reported later"
)


class Failing:
    """Stands in for a part of a step, and fails at one of them until it is mended."""

    def __init__(self, work: Callable[..., Any], error: Exception) -> None:
        self._work, self._error = work, error
        self.is_mended = False

    def __call__(self, *given: object, **options: object) -> Any:  # noqa: ANN401 - whatever that part returns
        if not self.is_mended and any(isinstance(one, StepRng) and one.step == AT for one in given):
            raise self._error
        return self._work(*given, **options)


def failing(session: Session, error: Exception, part: str = "gradient") -> Failing:
    """Let the gradient of step 12 fail, before anything has changed, or the update that follows it."""
    network = single_of(session.trainer)
    step = network._step
    assert isinstance(step, GradientStep)
    if part == "gradient":
        found = Failing(step.backend.gradient, error)
        object.__setattr__(step.backend, "gradient", found)
    else:
        found = Failing(step.rule.update, error)
        network._step = replace(step, rule=replace(step.rule, update=found))
    return found


def until_trouble(driver: Driver) -> Trouble:
    """Go on until it waits in trouble."""
    while True:
        for record in driver.listen():
            if isinstance(record, Paused):
                assert record.trouble is not None
                return record.trouble


def refusals(driver: Driver, *commands: Command) -> list[str]:
    """Return why these commands are refused."""
    return [record.message for one in commands for record in driver.tell(one) if isinstance(record, Refused)]


def saved_steps(driver: Driver) -> list[int]:
    return [record.step for record in driver.journal if isinstance(record, Checkpointed)]


@pytest.fixture
def lasting(tiny: Experiment) -> Experiment:
    return with_settings(tiny, training={"steps": 30})


@pytest.fixture
def session(lasting: Experiment, tmp_path: Path) -> Session:
    return start_session(lasting, tmp_path / "runs", "tiny")


def test_a_step_without_memory_waits_saved_and_is_made_once_there_is_some(session: Session, lasting: Experiment) -> None:
    failure = failing(session, NO_MEMORY)
    driver = Driver(session, is_attended=True)
    trouble = until_trouble(driver)
    assert (trouble.reason, trouble.is_lost) == ("out_of_memory", False)
    assert trouble.message.startswith("cpu has not enough memory for a step of 73 equations: lower")
    assert (driver.journal[-1].record, driver.journal[-1].step) == ("checkpointed", AT)
    driver.tell(Resume())
    assert until_trouble(driver) == trouble  # there is none yet
    failure.is_mended = True
    assert [record.record for record in driver.tell(StepOnce())][-2:] == ["paused", "checkpointed"]
    assert fold(LabState(lasting), driver.heard).trouble is None
    driver.train()
    assert same(driver.trainer.tensors(), undisturbed(lasting).tensors())


def test_weights_that_an_update_without_memory_left_half_changed_are_not_saved(session: Session, lasting: Experiment) -> None:
    failing(session, NO_MEMORY, "update")
    driver = Driver(session, is_attended=True)
    driver.tell(Save())
    trouble = until_trouble(driver)
    assert (trouble.reason, trouble.is_lost) == ("out_of_memory", True)
    assert driver.tell(Analyze()) == []
    assert driver.trainer.trainable.step == AT
    (finished,) = driver.tell(Resume())  # who looks on opens it again
    assert isinstance(finished, Finished)
    assert next(driver._records, None) is None
    assert saved_steps(driver) == [0]
    again = Driver(resume_session(session.run, paused=True)[0], is_attended=True)
    again.train()
    assert same(again.trainer.tensors(), undisturbed(lasting).tensors())


def test_a_device_that_is_lost_is_asked_for_nothing_more(
    session: Session, lasting: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(session, BROKEN)
    driver = Driver(session, is_attended=True)
    driver.tell(Save())
    for name in ("tensors", "snapshot", "measure", "update"):
        monkeypatch.setattr(driver.trainer.trainable, name, dead(driver, getattr(driver.trainer.trainable, name)))
    trouble = until_trouble(driver)
    assert (trouble.reason, trouble.is_lost) == ("device_lost", True)
    assert "the device fails (CUDA error: an illegal memory access was encountered)" in trouble.message
    assert "--set device=cpu" in trouble.message
    assert "\n" not in trouble.message
    assert driver.tell(Analyze()) == []
    assert set(refusals(driver, Resume(), StepOnce(), Save(), Swap(train_fraction=0.3))) == {trouble.message}
    driver.leave()
    assert (driver.journal[-1].record, saved_steps(driver)) == ("finished", [0])
    monkeypatch.undo()
    resumed, _ = resume_session(session.run)
    for _ in resumed.records():
        pass
    assert same(resumed.trainer.tensors(), undisturbed(lasting).tensors())


def dead(driver: Driver, work: Callable[..., object]) -> Callable[..., object]:
    """Let nobody touch what is lost."""

    def answer(*given: object, **options: object) -> object:
        assert driver.session.has_weights, "it was asked of a device that is lost"
        return work(*given, **options)

    return answer


def test_a_device_that_is_lost_as_it_saves_leaves_the_last_checkpoint(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = Driver(session, is_attended=True)

    def fail() -> None:
        raise BROKEN

    driver.pause_at(6)
    monkeypatch.setattr(driver.trainer.trainable, "tensors", fail)
    trouble = next(record.trouble for record in driver.tell(Save()) if isinstance(record, Paused))
    assert trouble is not None
    assert trouble.reason == "device_lost"
    driver.leave()
    assert saved_steps(driver) == [0]


def test_what_no_memory_is_left_to_save_is_saved_later(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(session, is_attended=True)

    def fail() -> None:
        raise NO_MEMORY

    with monkeypatch.context() as patch:
        patch.setattr(driver.trainer.trainable, "tensors", fail)
        unsaved = driver.tell(Save())[-1]
        assert isinstance(unsaved, Unsaved)
        assert unsaved.message == "there is not enough memory for a checkpoint"
    assert isinstance(driver.tell(Save())[-1], Checkpointed)


@pytest.mark.parametrize(
    ("error", "part", "raised", "reason", "saved"),
    [
        (NO_MEMORY, "gradient", None, "out_of_memory", AT),
        (NO_MEMORY, "update", None, "out_of_memory", None),
        (BROKEN, "gradient", DeviceLostError, "device_lost", None),
    ],
)
def test_what_no_user_attends_to_ends_and_says_why(  # noqa: PLR0917 - what fails, and what comes of it
    error: Exception, part: str, raised: type[Exception] | None, reason: str, saved: int | None, session: Session
) -> None:
    failing(session, error, part)
    heard: list[Record] = []
    with nullcontext() if raised is None else pytest.raises(raised):
        for records in session.records():
            heard += records
    end, found = heard[-1], journaled(session.run.journal)
    assert isinstance(end, Finished)
    assert (end.reason, found[-1]) == (reason, end)
    assert max((one.step for one in found if isinstance(one, Checkpointed)), default=None) == saved
    assert not has_ended(session.run.experiment, found)
    (row,) = list_rows(session.run.runs_dir)
    assert (row.state, row.ended) == ("interrupted", reason)


@pytest.fixture
def diverging(session: Session) -> Driver:
    """A run that was saved at step 5, and diverges later."""
    driver = Driver(session, is_attended=True)
    driver.pause_at(5)
    driver.tell(Set(values={"optimizer.learning_rate": 1e30}))
    return driver


def test_weights_that_diverged_are_never_gone_on_with(diverging: Driver) -> None:
    driver = diverging
    driver.tell(Resume())
    trouble = until_trouble(driver)
    assert (trouble.reason, trouble.last_good) == ("diverged", 5)
    assert "branch at step 5, the last good checkpoint" in trouble.message
    step, files = driver.trainer.step, files_of(driver.session.run)
    further = GoOn(extend=Extend(steps=60))
    assert refusals(driver, Resume(), StepOnce(), further, Swap(train_fraction=0.3)) == 4 * [trouble.message]
    assert (driver.trainer.step, files_of(driver.session.run)) == (step, files)
    (row,) = list_rows(driver.session.run.runs_dir)
    assert (row.state, row.trouble) == ("paused", "diverged")
    assert standing_in_short(row) == f"paused, diverged ({os.getpid()})"
    driver.leave()
    assert (driver.journal[-1].record, has_ended(driver.session.run.experiment, driver.journal)) == ("finished", True)
    (row,) = list_rows(driver.session.run.runs_dir)
    assert (row.state, row.ended) == ("ended", "diverged")


def test_a_run_that_diverged_waits_in_the_same_trouble_whenever_it_is_opened(diverging: Driver) -> None:
    diverging.tell(Resume())
    trouble = until_trouble(diverging)
    diverging.leave()
    files = files_of(diverging.session.run)
    again = Driver(resume_session(diverging.session.run, paused=True)[0], is_attended=True)
    assert fold(LabState(again.trainer.experiment), again.heard).trouble == trouble
    assert refusals(again, Resume()) == [trouble.message]
    again.leave()
    assert files_of(diverging.session.run) == files


def test_a_run_that_lost_a_process_is_opened_again(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(session, is_attended=True)
    driver.pause_at(5)
    driver.tell(Save())

    def fail(*_: object) -> None:
        raise ProcessDiedError("a process that trained members of the ensemble has died with exit code -9")

    monkeypatch.setattr(driver.trainer.trainable, "advance", fail)
    (paused,) = driver.tell(StepOnce())
    assert isinstance(paused, Paused)
    assert paused.trouble is not None
    assert (paused.trouble.reason, paused.trouble.is_lost) == ("process_died", True)
    assert [record.record for record in driver.tell(Resume())] == ["finished"]
    assert next(driver._records, None) is None
    again = Driver(resume_session(session.run, paused=True)[0], is_attended=True)
    assert again.trainer.step == 5
    again.leave()
