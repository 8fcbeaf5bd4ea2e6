import json
import os
from pathlib import Path
from threading import Event

import pytest
import torch

from grokterm.engines.versions import commit, library_versions
from grokterm.errors import CheckpointError, ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Stop, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.inspected import Inspected
from grokterm.experiment.recording.records import Checkpointed, Finished, Reached, Refused, Started, Unsaved
from grokterm.inspection.analysis import NetworkAnalysis
from grokterm.models.processor import instruction_sets
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.journal import read_journal, rewind_journal
from grokterm.runs.lock import holder_of
from grokterm.runs.resume import has_ended
from grokterm.runs.store import Run, list_runs
from grokterm.session.commands import Analyze, Pause, Resume, StepOnce
from grokterm.session.start import resume_session, start_session
from grokterm.session.state import LabState, fold
from tests.runs.tensors import same
from tests.session.driving import Driver, files_of, undisturbed, with_settings


def opened(run: Run, *changes: str, paused: bool = False) -> Driver:
    return Driver(resume_session(Run(run.path), changes, paused=paused)[0])


def ended_by(reason: str, grokking: Experiment, folder: Path) -> Run:
    """Make a run that came to this end."""
    settings: dict[str, object] = {}
    if reason == "diverged":
        settings = {"optimizer": {"learning_rate": 1e30, "weight_decay": 0.0}}
    elif reason == "grokked":
        settings = {"training": {"stop_when": "grokked"}}
    driver = Driver(start_session(with_settings(grokking, **settings), folder, "grokking"))
    if reason in ("interrupted", "stopped"):
        driver.pause_at(3)
        if reason == "stopped":
            driver.tell(Stop())
    else:
        driver.train()
    driver.leave()
    return driver.session.run


def test_a_new_run_says_where_and_with_what_it_ran(grokking: Experiment, tmp_path: Path) -> None:
    run = start_session(grokking, tmp_path, "grokking").run
    assert run.experiment == grokking
    assert run.meta["torch"] == torch.__version__
    assert {"created", "command", "host", "device", "engine", "threads", "numpy", "python", "grokterm"} <= run.meta.keys()
    assert run.meta["instruction_sets"] == instruction_sets()
    assert run.meta["libraries"] == library_versions()
    assert run.meta.get("commit", "") == commit()


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_refused_before_a_directory_is_made(grokking: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="device cuda: this machine has no CUDA device"):
        start_session(with_settings(grokking, device="cuda"), tmp_path, "grokking")
    assert list_runs(tmp_path) == []


def test_no_inspection_is_lost_where_a_run_is_left(tiny: Experiment, tmp_path: Path) -> None:
    metric_at_step = with_settings(tiny, training={"inspect_every": 5})
    whole = Driver(start_session(metric_at_step, tmp_path, "tiny"))
    whole.train()
    driver = Driver(start_session(metric_at_step, tmp_path, "tiny"))
    driver.pause_at(23)
    driver.leave()
    driver = opened(driver.session.run)
    driver.train()
    found, expected = ([one for one in each.journal if isinstance(one, Inspected)] for each in (driver, whole))
    assert [one.step for one in found] == list(range(0, 61, 5))
    assert found == expected
    assert fold(LabState(metric_at_step), driver.journal).inspections == tuple(found)


def test_who_leaves_saves_before_anything_is_waited_for(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = Event()
    monkeypatch.setattr(NetworkAnalysis, "inspected", lambda _: free.wait(60))
    monkeypatch.setattr("grokterm.session.session.INSPECTION_WAIT_SECONDS", 0.05)
    still = {"learning_rate": 0.0}  # reaches no milestone, which would be saved once its inspection is done
    endless = with_settings(tiny, training={"inspect_every": 10**6, "steps": 10**6}, optimizer=still)
    driver = Driver(start_session(endless, tmp_path, "tiny"))
    driver.train_past(3)
    driver.leave()
    free.set()
    assert [one.record for one in driver.journal[-2:]] == ["checkpointed", "finished"]
    assert opened(driver.session.run).session.trainer.step == driver.trainer.step


@pytest.mark.parametrize("optimizer", [{}, {"batch_size": 100}])
def test_a_run_that_was_left_and_resumed_ends_with_the_same_weights(
    optimizer: dict[str, int], grokking: Experiment, tmp_path: Path
) -> None:
    interventions = [
        {"at_step": 20, "set": {"optimizer.learning_rate": 5e-3}},
        {"at_step": 60, "swap": {"train_fraction": 0.3}},
    ]
    experiment = with_settings(grokking, optimizer=optimizer, interventions=interventions)
    expected = undisturbed(experiment)
    for step in (0, 1, 19, 70):
        first = Driver(start_session(experiment, tmp_path, "grokking"))
        first.pause_at(step)
        first.leave()
        second = opened(first.session.run)
        assert second.trainer.step == step
        second.train()
        assert same(second.trainer.tensors(), expected.tensors())
        assert second.trainer.dataset.train.answers.tolist() == expected.dataset.train.answers.tolist()
        assert second.trainer.experiment == expected.experiment


@pytest.mark.parametrize("step", [50, 101, 140])
def test_a_run_that_was_left_and_resumed_is_measured_and_inspected_at_the_same_steps(
    step: int, grokking: Experiment, tmp_path: Path
) -> None:
    experiment = with_settings(grokking, training={"steps": 150, "evaluate_every": "log", "inspect_every": 27})
    first = Driver(start_session(experiment, tmp_path, "grokking"))
    first.pause_at(step)
    first.leave()
    second = opened(first.session.run)
    second.train()
    evaluated, inspected = (
        [record.step for record in second.journal if isinstance(record, kind)] for kind in (Evaluated, Inspected)
    )
    milestones = {record.step for record in second.journal if isinstance(record, Reached)}
    assert evaluated == [*range(101), *range(102, 151, 2)]
    assert inspected == sorted({0, 27, 54, 81, 108, 136, 150} | milestones)


def test_a_run_without_a_checkpoint_begins_again(driver: Driver) -> None:
    driver.session.lock.give_back()  # as the system does when its process is killed
    again = opened(driver.session.run)
    assert again.trainer.step == 0
    again.train()
    assert [record.step for record in again.journal if isinstance(record, Started)] == [0]
    assert same(again.trainer.tensors(), undisturbed(driver.trainer.experiment).tensors())


def test_changes_are_kept_and_stand_in_the_journal(driver: Driver) -> None:
    driver.train()
    driver.leave()
    longer = opened(driver.session.run, "training.steps=120")
    longer.train()
    assert longer.trainer.step == 120
    assert [record.changes for record in longer.journal if isinstance(record, Started)] == [(), ("training.steps=120",)]
    assert Run(driver.session.run.path).experiment.training.steps == 120
    assert longer.session.run.experiment.training.steps == 120
    longest = with_settings(driver.trainer.experiment, training={"steps": 120})
    assert same(longer.trainer.tensors(), undisturbed(longest).tensors())


def test_a_change_that_is_refused_leaves_the_run_alone(driver: Driver) -> None:
    driver.leave()
    files = files_of(driver.session.run)
    with pytest.raises(ConfigError, match="cannot be changed when a run is resumed"):
        resume_session(driver.session.run, ["task.modulus=13"])
    assert files_of(driver.session.run) == files


def test_a_resumed_run_computes_with_the_threads_it_began_with(driver: Driver) -> None:
    driver.leave()
    meta = driver.session.run.path / "meta.json"
    meta.write_text(json.dumps(json.loads(meta.read_text()) | {"threads": 2}))
    session, _ = resume_session(Run(driver.session.run.path))
    assert session.trainer.trainable.threads == 2


def test_a_truncated_checkpoint_is_refused_and_without_it_the_one_before_is_used(driver: Driver) -> None:
    driver.pause_at(3)
    driver.tell(Resume())
    driver.tell(Pause())
    driver.leave()
    run, step = driver.session.run, driver.trainer.step
    newest = max(run.checkpoints.iterdir())
    newest.write_bytes(newest.read_bytes()[:-1])
    with pytest.raises(CheckpointError, match="delete it to go on from the one before"):
        resume_session(run)
    newest.unlink()
    assert opened(run, paused=True).trainer.step < max(step, 1)


def test_a_checkpoint_of_another_network_is_refused(driver: Driver) -> None:
    driver.pause_at(3)
    driver.leave()
    run, own = driver.session.run, driver.trainer.tensors()
    left = own["weights.left"]
    for others in ({"weights.other": left}, own | {"weights.left": left.T}, own | {"weights.left": left.double()}):
        save_checkpoint(run.checkpoints, 3, others, driver.trainer.experiment)
        missing = r"it has no weights\.left of shape \(23, 128\) and torch\.float32"
        with pytest.raises(CheckpointError, match=f"belongs to another network: {missing}"):
            resume_session(run)


@pytest.mark.parametrize("reason", ["complete", "grokked", "stopped", "diverged", "interrupted"])
def test_a_run_that_is_only_looked_at_stays_byte_for_byte_as_it_was(reason: str, grokking: Experiment, tmp_path: Path) -> None:
    run = ended_by(reason, grokking, tmp_path)
    files = files_of(run)
    assert [record.reason for record in read_journal(run.journal) if isinstance(record, Finished)] == [reason]
    visit = opened(run, paused=True)
    visit.tell(Analyze())
    assert visit.session.analysis is not None
    visit.leave()
    assert files_of(run) == files


@pytest.mark.parametrize("reason", ["complete", "grokked", "stopped", "diverged"])
def test_a_finished_run_that_is_opened_shows_its_end(reason: str, grokking: Experiment, tmp_path: Path) -> None:
    run = ended_by(reason, grokking, tmp_path)
    session, earlier = resume_session(run, paused=True)
    visit = Driver(session)
    state = fold(fold(LabState(run.experiment), earlier), visit.heard)
    assert (state.phase, state.ended) == ("ended", reason)
    assert isinstance(visit.tell(Swap(seed=1))[-1], Refused)
    assert visit.tell(StepOnce()) == []


@pytest.mark.parametrize("reason", ["complete", "grokked", "stopped", "diverged"])
def test_a_run_killed_before_it_could_say_that_it_ended_ends_the_same_way(
    reason: str, grokking: Experiment, tmp_path: Path
) -> None:
    run = ended_by(reason, grokking, tmp_path)
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:-1]))
    assert not has_ended(run.experiment, read_journal(run.journal))
    again = opened(run)
    assert again.trainer.ended == reason
    assert again.trainer.step == max(record.step for record in again.journal if isinstance(record, Checkpointed))
    assert has_ended(run.experiment, again.journal)


def test_an_unfinished_run_that_is_opened_waits_and_says_so(grokking: Experiment, tmp_path: Path) -> None:
    run = ended_by("interrupted", grokking, tmp_path)
    session, earlier = resume_session(run, paused=True)
    visit = Driver(session)
    assert fold(fold(LabState(run.experiment), earlier), visit.heard).phase == "paused"
    assert visit.tell(Analyze()) == []
    visit.train()
    assert same(visit.trainer.tensors(), undisturbed(grokking).tensors())
    assert [record.reason for record in visit.journal if isinstance(record, Finished)] == ["complete"]
    assert [record.step for record in visit.journal if isinstance(record, Started)] == [0, 3]


def test_a_run_that_is_only_looked_at_is_not_locked_and_one_that_goes_on_is(driver: Driver) -> None:
    driver.leave()
    assert holder_of(driver.session.run.path) is None
    looking, acting = (Driver(resume_session(driver.session.run, paused=True)[0]) for _ in range(2))
    assert not looking.session.lock.is_held
    acting.tell(Resume())
    assert holder_of(driver.session.run.path) is not None
    (refused,) = looking.tell(StepOnce())
    assert isinstance(refused, Refused)
    assert refused.message.endswith(f"is trained by process {os.getpid()}: grokterm attach {driver.session.run.name} shows it")
    acting.train()
    acting.leave()
    assert holder_of(driver.session.run.path) is None
    (refused,) = looking.tell(Resume())
    assert isinstance(refused, Refused)
    assert refused.message.endswith("was trained by another process since it was opened here: open it again")
    assert holder_of(driver.session.run.path) is None


@pytest.mark.parametrize("is_held", [False, True], ids=["only opened", "trained before"])
def test_a_run_that_is_moved_away_while_it_is_open_is_missed_in_a_line_and_goes_on_where_it_is_put_back(
    driver: Driver,
    is_held: bool,  # noqa: FBT001
    tmp_path: Path,
) -> None:
    driver.leave()
    visit = Driver(resume_session(driver.session.run, paused=True)[0])
    if is_held:
        visit.pause_at(visit.trainer.step + 2)
    path, step = driver.session.run.path, visit.trainer.step
    path.rename(tmp_path / "away")
    told = visit.tell(Save())[-1]
    assert isinstance(told, Unsaved if is_held else Refused)
    assert told.message == f"its folder is gone: {path} was moved or deleted: put it back"
    assert not path.exists()
    (tmp_path / "away").rename(path)
    visit.tell(StepOnce())
    visit.tell(Save())
    visit.leave()
    assert rewind_journal(path / "journal.jsonl").checkpoint.step == step + 1  # type: ignore[union-attr]
