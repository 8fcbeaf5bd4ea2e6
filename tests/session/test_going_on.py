"""A run that goes on after its end is the run that it would have been."""

import os
from pathlib import Path

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Extend, Set, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Finished, Reached, Refused
from grokterm.reports.run import describe
from grokterm.runs.journal import read_journal
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.matching import finished_runs
from grokterm.runs.results.summarizing import summarize
from grokterm.runs.resume import has_ended
from grokterm.runs.store import Run
from grokterm.session.commands import Command, GoOn, Hold, Pause, Release, Resume, StepOnce
from grokterm.session.start import resume_session, start_session
from grokterm.session.state import LabState, fold
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.runs.failing import failing_once
from tests.runs.tensors import same
from tests.session.driving import Driver, acts, files_of, undisturbed, with_settings
from tests.training.test_rfm import KERNEL

SHORT, LONG = 20, 40


def lasting(experiment: Experiment, steps: int, **sections: object) -> Experiment:
    return with_settings(experiment, training={"steps": steps}, **sections)


def further(steps: int, change: Swap | Set | None = None) -> GoOn:
    return GoOn(extend=Extend(steps=steps), change=change)


def ended(experiment: Experiment, folder: Path) -> Driver:
    driver = Driver(start_session(experiment, folder, "tiny"))
    driver.train()
    return driver


def reopened(driver: Driver) -> Driver:
    driver.leave()
    return Driver(resume_session(Run(driver.session.run.path), paused=True)[0])


def go_on(driver: Driver, command: Command) -> Driver:
    driver.tell(command)
    while driver.trainer.ended is None:
        driver.listen()
    return driver


@pytest.mark.parametrize("kind", ["minibatches", "ensemble", "kernel"])
@pytest.mark.parametrize("is_reopened", [False, True])
def test_an_extended_run_is_the_longer_one(
    kind: str,
    is_reopened: bool,  # noqa: FBT001 - pytest's
    tiny: Experiment,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    short, long = SHORT, LONG
    monkeypatch.setattr("grokterm.training.kinds.ProcessEnsemble", VmappedEnsemble)  # which starts at once
    match kind:
        case "minibatches":
            experiment = with_settings(tiny, optimizer={"batch_size": 20})
        case "ensemble":
            experiment = with_settings(tiny, training={"members": 2})
        case _:
            experiment, short, long = Experiment.from_toml(KERNEL), 2, 4
    driver = ended(lasting(experiment, short), tmp_path)
    driver = go_on(reopened(driver) if is_reopened else driver, further(long))
    whole = ended(lasting(experiment, long), tmp_path / "whole")
    assert same(driver.trainer.tensors(), whole.trainer.tensors())
    measured = {record.step: record for record in driver.journal if isinstance(record, Evaluated)}
    assert {record.step: record for record in whole.journal if isinstance(record, Evaluated)}.items() <= measured.items()
    assert [record for record in driver.journal if isinstance(record, Reached)] == [
        record for record in whole.journal if isinstance(record, Reached)
    ]
    assert Run(driver.session.run.path).experiment.training == whole.session.run.experiment.training
    assert finished_runs([driver.session.run], lasting(experiment, long)) == [driver.session.run]


def test_a_swap_after_the_end_is_the_intervention_at_that_step(tiny: Experiment, tmp_path: Path) -> None:
    swap = Swap(train_fraction=0.2)
    driver = go_on(ended(lasting(tiny, SHORT), tmp_path), further(LONG, swap))
    planned = lasting(tiny, LONG, interventions=[{"at_step": SHORT, "swap": {"train_fraction": 0.2}}])
    assert same(driver.trainer.tensors(), undisturbed(planned).tensors())
    assert acts(driver.journal) == [(SHORT, str(swap)), (SHORT, "extend to 40 steps")]
    summary = summarize(driver.session.run, driver.journal)
    assert [segment.from_step for segment in summary.segments] == [0, SHORT]
    assert (summary.ended, summary.steps) == ("complete", LONG)
    assert "at 20         swap to 20 %\nat 20         extend to 40 steps\n" in describe(summary, driver.session.run.path)
    assert summarize(driver.session.run, driver.journal[:-1]).ended is None


def test_every_step_of_an_extended_run_can_be_replayed(tiny: Experiment, tmp_path: Path) -> None:
    driver = ended(lasting(tiny, SHORT), tmp_path)
    driver.tell(Pause())
    driver.tell(further(LONG, Set(values={"optimizer.learning_rate": 5e-3})))
    driver.tell(Pause())
    states = {driver.trainer.step: driver.trainer.tensors()}
    while driver.trainer.ended is None:
        driver.tell(StepOnce())
        states[driver.trainer.step] = driver.trainer.tensors()
    assert list(states) == list(range(SHORT, LONG + 1))
    run = driver.session.run
    for path in run.checkpoints.iterdir():
        path.unlink()
    for step in (SHORT, SHORT + 1, 33, LONG):
        assert same(trainer_at(run, step).tensors(), states[step])


def test_an_extended_run_that_is_killed_or_left_goes_on_to_its_new_end(tiny: Experiment, tmp_path: Path) -> None:
    driver = ended(lasting(tiny, SHORT), tmp_path)
    driver.tell(further(LONG))
    run = Run(driver.session.run.path)  # as it is on disk, if the process ends here
    driver.session.lock.give_back()  # as the system does then
    assert not has_ended(run.experiment, read_journal(run.journal))
    session, _ = resume_session(run)
    for _ in session.records():
        pass
    assert same(session.trainer.tensors(), undisturbed(lasting(tiny, LONG)).tensors())


@pytest.mark.parametrize("is_reopened", [False, True])
def test_what_ended_a_run_does_not_end_it_again(is_reopened: bool, grokking: Experiment, tmp_path: Path) -> None:  # noqa: FBT001 - pytest's
    driver = ended(with_settings(grokking, training={"stop_when": "grokked"}), tmp_path)
    grokked_at = driver.trainer.step
    assert driver.trainer.ended == "grokked"
    driver.tell(further(90))
    driver = reopened(driver) if is_reopened else driver
    driver.train()
    assert (driver.trainer.ended, driver.trainer.step) == ("complete", 90)
    assert same(driver.trainer.tensors(), undisturbed(lasting(grokking, 90)).tensors())
    assert Run(driver.session.run.path).experiment.training.stop_when == "never"
    assert summarize(driver.session.run, driver.journal).grokked_at == grokked_at


def test_a_stopped_run_can_go_on(tiny: Experiment, tmp_path: Path) -> None:
    driver = ended(lasting(tiny, 30, interventions=[{"at_step": 10, "stop": True}]), tmp_path)
    assert (driver.trainer.ended, driver.trainer.step) == ("stopped", 10)
    driver.tell(further(30))
    assert not has_ended(driver.session.run.experiment, driver.journal)
    driver = go_on(reopened(driver), Resume())
    assert same(driver.trainer.tensors(), undisturbed(lasting(tiny, 30)).tensors())


def test_more_steps_do_not_stretch_a_schedule(tiny: Experiment, tmp_path: Path) -> None:
    annealed = lasting(tiny, SHORT, optimizer={"schedule": "cosine", "final_share": 0.1})
    driver = ended(annealed, tmp_path)
    driver.tell(further(LONG))
    go_on(driver, Set(values={"optimizer.weight_decay": 0.5}))
    resumed = ended(annealed, tmp_path / "resumed").session.run
    session, _ = resume_session(resumed, [f"training.steps={LONG}", "optimizer.weight_decay=0.5"])
    for _ in session.records():
        pass
    assert same(driver.trainer.tensors(), session.trainer.tensors())
    assert Run(driver.session.run.path).experiment == Run(resumed.path).experiment


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (further(LONG, Swap(train_fraction=0.999999)), "leaves validation empty"),
        (further(SHORT), "has made 20 steps: choose more, not 20"),
        (Swap(seed=3), "extend or restart it"),
    ],
)
def test_what_is_refused_leaves_the_run_as_it_ended(command: Command, reason: str, tiny: Experiment, tmp_path: Path) -> None:
    driver = ended(lasting(tiny, SHORT), tmp_path)
    files = files_of(driver.session.run)
    (refused,) = driver.tell(command)
    assert isinstance(refused, Refused)
    assert reason in refused.message
    assert files_of(driver.session.run) == files
    assert (driver.trainer.ended, driver.trainer.experiment.training.steps) == ("complete", SHORT)


def test_a_run_whose_settings_cannot_be_written_does_not_go_on(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = ended(lasting(tiny, SHORT), tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", failing_once(os.replace))
        (refused,) = driver.tell(further(LONG))
    assert isinstance(refused, Refused)
    assert "No space left on device: make room" in refused.message
    assert (driver.trainer.ended, driver.trainer.experiment.training.steps) == ("complete", SHORT)
    driver.tell(further(LONG))
    assert driver.trainer.experiment.training.steps == LONG


def test_a_run_is_extended_while_it_trains_and_keeps_waiting_if_it_is_paused(tiny: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(lasting(tiny, SHORT), tmp_path, "tiny"))
    driver.pause_at(5)
    (refused,) = driver.tell(further(10))
    assert isinstance(refused, Refused)
    assert "goes on to step 20 as it is" in refused.message
    assert acts([*driver.tell(further(LONG))]) == [(5, "extend to 40 steps")]
    driver.tell(StepOnce())
    assert driver.trainer.step == 6
    driver.train()
    assert [record.step for record in driver.journal if isinstance(record, Finished)] == [LONG]


def test_the_screen_shows_that_a_run_goes_on(tiny: Experiment, tmp_path: Path) -> None:
    driver = ended(lasting(tiny, SHORT), tmp_path)
    before = fold(LabState(lasting(tiny, SHORT)), driver.heard)
    assert (before.phase, before.ended) == ("ended", "complete")
    after = fold(before, driver.tell(further(LONG)))
    assert (after.phase, after.ended, after.steps) == ("training", "", LONG)
    assert after.events[-1].label == str(Extend(steps=LONG))
    assert fold(LabState(driver.session.run.experiment), driver.journal).steps == LONG


def test_a_hold_waits_at_its_step_and_writes_nothing(driver: Driver, grokking: Experiment) -> None:
    (held,) = driver.tell(Hold())
    step, files = driver.trainer.step, files_of(driver.session.run)
    assert (fold(LabState(grokking), [held]).is_held, fold(LabState(grokking), [held]).phase) == (True, "paused")
    acted, *_ = driver.tell(Swap(train_fraction=0.3))
    assert (acted.step, driver.trainer.step) == (step, step)
    driver.tell(Hold())
    assert files_of(driver.session.run).keys() - files.keys() <= {"checkpoints/step-00000000.safetensors"}
    (held_still,) = driver.tell(Release())  # there were two
    assert fold(LabState(grokking), [held, held_still]).is_held
    (let_go,) = driver.tell(Release())
    state = fold(LabState(grokking), [held, let_go])
    assert (state.is_held, state.phase) == (False, "training")
    driver.listen()
    assert driver.trainer.step > step


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_resume_ends_the_holds_of_screens_that_were_left_with_a_dialog(driver: Driver, *, is_paused: bool) -> None:
    if is_paused:
        driver.tell(Pause())
    driver.tell(Hold())
    held = [*driver.tell(Hold())]
    state = fold(LabState(driver.trainer.experiment), [*held, *driver.tell(Resume())])
    assert (state.is_held, state.phase) == (False, "training")
    step = driver.trainer.step
    driver.listen()
    assert driver.trainer.step > step
    driver.tell(Release())  # comes late, and ends nothing
    driver.listen()


def test_a_paused_training_stays_paused_through_a_hold_and_a_held_one_can_be_left(driver: Driver) -> None:
    driver.pause_at(3)
    files = files_of(driver.session.run)
    assert fold(LabState(driver.trainer.experiment), [*driver.tell(Hold()), *driver.tell(Release())]).phase == "paused"
    assert files_of(driver.session.run) == files
    driver.tell(StepOnce())  # which only a paused one makes
    assert driver.trainer.step == 4
    driver.tell(Hold())
    driver.leave()
    assert driver.journal[-1].record == "finished"
