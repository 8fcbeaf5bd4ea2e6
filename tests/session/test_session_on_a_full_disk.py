import os
from collections.abc import Callable
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Checkpointed, Finished, Started, Unsaved
from grokterm.session.commands import Analyze, Pause, Resume, StepOnce
from grokterm.session.start import resume_session, start_session
from grokterm.session.state import LabState, fold
from tests.runs.failing import failing_once
from tests.runs.tensors import same
from tests.session.driving import Driver, acts, undisturbed, with_settings


def refuse_checkpoints(patch: pytest.MonkeyPatch, *, at: int = 1) -> None:
    patch.setattr(os, "fsync", failing_once(os.fsync, at=at))


def refuse_lines(patch: pytest.MonkeyPatch, *, at: int = 1) -> None:
    patch.setattr(os, "truncate", failing_once(os.truncate, at=at))


def step_to_the_end(driver: Driver) -> None:
    """Take every step by hand, whatever the disk says, and save at the end if something is owed."""
    driver.tell(Pause())
    while driver.trainer.ended is None:
        driver.tell(StepOnce())
    if isinstance(driver.heard[-1], Unsaved):
        driver.tell(Save())


def test_training_waits_and_says_so_when_the_disk_is_full(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        refuse_checkpoints(patch)
        records = driver.tell(Save())
    assert isinstance(records[-1], Unsaved)
    assert "No space left" in records[-1].message
    state = fold(LabState(driver.trainer.experiment), driver.heard)
    assert state.phase == "paused"
    assert state.unsaved == records[-1].message
    assert driver.tell(Analyze()) == []  # it waited, and did not train
    assert driver.trainer.step == 0


def test_a_later_save_keeps_everything_that_was_owed(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.pause_at(3)
    with monkeypatch.context() as patch:
        refuse_lines(patch)
        driver.tell(Swap(train_fraction=0.3))
    assert acts(driver.journal) == []
    driver.tell(StepOnce())
    saved = driver.tell(Save())[-1]
    assert isinstance(saved, Checkpointed)
    assert (driver.session.run.checkpoints / saved.file).exists()
    assert acts(driver.journal) == [(3, "swap to 30 %"), (4, "save")]
    assert fold(LabState(driver.trainer.experiment), driver.heard).unsaved == ""


def test_going_on_saves_first(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    driver.pause_at(3)
    for command in (Save(), Resume()):
        with monkeypatch.context() as patch:
            refuse_checkpoints(patch)
            assert isinstance(driver.tell(command)[-1], Unsaved)
        assert driver.tell(Analyze()) == []
        assert driver.trainer.step == 3
    assert isinstance(driver.tell(Resume())[-1], Checkpointed)
    driver.listen()
    assert driver.trainer.step > 3


@pytest.mark.parametrize(
    ("refuse", "at"), [(refuse_lines, n) for n in range(1, 13)] + [(refuse_checkpoints, n) for n in range(1, 7)]
)
def test_whichever_write_is_refused_nothing_is_lost_and_nothing_stands_twice(
    refuse: Callable[..., None], at: int, tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    interventions = [{"at_step": 10, "swap": {"train_fraction": 0.3}}]
    experiment = with_settings(tiny, training={"steps": 30}, interventions=interventions)
    session = start_session(experiment, tmp_path / "runs", "tiny")
    with monkeypatch.context() as patch:
        refuse(patch, at=at)
        driver = Driver(session)
        step_to_the_end(driver)
        driver.leave()
    assert any(isinstance(record, Unsaved) for record in driver.heard), "the disk never refused"
    expected = undisturbed(experiment)
    assert same(driver.trainer.tensors(), expected.tensors())
    journal = driver.journal
    for kind in (Started, Evaluated, Finished):
        once = [record for record in driver.heard if isinstance(record, kind)]
        assert once
        assert [record for record in journal if isinstance(record, kind)] == once
    assert [act for act in acts(journal) if act[1] != "save"] == [(10, "swap to 30 %")]
    assert max(record.step for record in journal if isinstance(record, Checkpointed)) == expected.step


def test_an_opened_run_that_cannot_be_written_at_first_says_only_once_that_it_was_opened(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.pause_at(3)
    driver.leave()
    visit = Driver(resume_session(driver.session.run, paused=True)[0])
    with monkeypatch.context() as patch:
        refuse_lines(patch)
        assert isinstance(visit.tell(Resume())[-1], Unsaved)
    visit.train()
    assert [record.step for record in visit.journal if isinstance(record, Started)] == [0, 3]


@pytest.mark.parametrize("refuse", [refuse_lines, refuse_checkpoints])
def test_leaving_writes_what_the_disk_refused_at_the_end(
    refuse: Callable[..., None], driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver.pause_at(99)
    with monkeypatch.context() as patch:
        refuse(patch)
        driver.tell(StepOnce())
    assert isinstance(driver.heard[-1], Unsaved)
    assert not any(isinstance(record, Finished) for record in driver.journal)
    driver.leave()
    assert [record.reason for record in driver.journal if isinstance(record, Finished)] == ["complete"]
    assert any(isinstance(record, Checkpointed) and record.step == 100 for record in driver.journal)
