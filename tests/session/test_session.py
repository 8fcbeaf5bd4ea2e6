from pathlib import Path
from queue import Empty, SimpleQueue

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, ScheduledAction, Set, Stop, Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Checkpointed, Finished, Paced, Reached, Record, Refused
from grokterm.runs.checkpoint import load_checkpoint
from grokterm.session.commands import Analyze, Command, Pause, Resume, SetPace, StepOnce
from grokterm.session.start import start_session
from tests.runs.tensors import same
from tests.session.driving import Driver, acts, files_of, undisturbed, with_settings


class Clock:
    """Goes only while a session waits."""

    now = 0.0


class Commands(SimpleQueue[Command]):
    """Lets the time pass by that somebody would wait."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def get(self, block: bool = True, timeout: float | None = None) -> Command:  # noqa: FBT001, FBT002 - as a queue has it
        if self.empty() and timeout is not None:
            self.clock.now += timeout
            raise Empty
        return super().get(block, timeout)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("grokterm.session.session.monotonic", lambda: clock.now)
    monkeypatch.setattr("grokterm.session.session.SimpleQueue", lambda: Commands(clock))
    return clock


def kinds(records: list[Record]) -> list[str]:
    return [record.record for record in records]


def test_a_session_begins_with_where_it_stands(driver: Driver) -> None:
    assert kinds(driver.heard) == kinds(driver.journal)
    assert kinds(driver.heard) == ["started", "evaluated"]
    assert driver.trainer.step == 0


def test_a_run_of_no_steps_is_measured_and_kept(grokking: Experiment, tmp_path: Path) -> None:
    driver = Driver(start_session(with_settings(grokking, training={"steps": 0}), tmp_path, "grokking"))
    assert kinds(driver.journal) == ["started", "evaluated", "checkpointed", "finished"]


def test_a_session_that_is_left_alone_trains_like_nobody_watched(driver: Driver, grokking: Experiment) -> None:
    driver.train()
    assert same(driver.trainer.tensors(), undisturbed(grokking).tensors())
    assert kinds(driver.journal)[-2:] == ["checkpointed", "finished"]


def test_a_pause_saves_and_waits(driver: Driver) -> None:
    assert kinds(driver.tell(Pause())) == ["paused", "checkpointed"]
    assert driver.tell(Analyze()) == []  # it waited for the look, and did not train
    assert driver.tell(Pause()) == []
    assert driver.trainer.step == 0


def test_a_paused_session_goes_on_when_told(driver: Driver) -> None:
    driver.tell(Pause())
    assert kinds(driver.tell(Resume())) == ["continued"]
    assert driver.tell(Resume()) == []
    driver.listen()
    assert driver.trainer.step > 0


def test_a_single_step_is_one_update_and_the_session_stays_paused(driver: Driver) -> None:
    driver.tell(Pause())
    for step in (1, 2, 3):
        driver.tell(StepOnce())
        assert driver.trainer.step == step
    assert [record.step for record in driver.journal if isinstance(record, Evaluated)] == [0, 2]
    driver.tell(Resume())
    assert driver.tell(StepOnce()) == []


def test_single_steps_and_pauses_leave_no_trace_in_the_weights(driver: Driver, grokking: Experiment) -> None:
    driver.pause_at(7)
    driver.tell(Resume())
    driver.listen()
    driver.tell(Pause())
    driver.train()
    assert same(driver.trainer.tensors(), undisturbed(grokking).tensors())


def test_a_slow_pace_is_kept(clock: Clock, driver: Driver) -> None:
    assert kinds(driver.tell(SetPace(steps_per_second=100))) == ["paced"]
    last = 0
    while driver.trainer.step < 15:
        last = driver.trainer.step
        driver.listen()
    assert clock.now == pytest.approx(last / 100)


def test_a_pace_is_kept_also_where_every_step_is_looked_at(grokking: Experiment, tmp_path: Path, clock: Clock) -> None:
    closely = with_settings(grokking, training={"evaluate_every": 1, "stop_when": "grokked"})
    driver = Driver(start_session(closely, tmp_path, "grokking"))
    driver.tell(SetPace(steps_per_second=200))
    while driver.trainer.step < 40:
        driver.listen()
    assert clock.now == pytest.approx(39 / 200)  # the last step is not waited for yet


def test_a_command_is_heard_between_two_slow_steps(driver: Driver) -> None:
    driver.tell(SetPace(steps_per_second=0.01))
    driver.listen()
    assert kinds(driver.tell(Pause())) == ["paused", "checkpointed"]
    assert driver.trainer.step == 1


def test_a_pace_can_be_lifted_again(driver: Driver, grokking: Experiment) -> None:
    driver.tell(SetPace(steps_per_second=20))
    driver.listen()
    assert driver.tell(SetPace()) == [Paced(step=1, steps_per_second=None)]
    driver.train()
    assert same(driver.trainer.tensors(), undisturbed(grokking).tensors())


def test_a_swap_takes_effect_and_is_saved(driver: Driver) -> None:
    driver.pause_at(3)
    n_val = len(driver.trainer.dataset.val)
    acted, evaluated, saved = driver.tell(Swap(train_fraction=0.25))
    assert isinstance(evaluated, Evaluated)
    assert isinstance(acted, Acted)
    assert (acted.step, acted.n_train, acted.n_val) == (3, len(driver.trainer.dataset.train), n_val)
    assert isinstance(saved, Checkpointed)


def test_settings_change_for_the_steps_that_follow(driver: Driver) -> None:
    driver.pause_at(3)
    driver.tell(Set(values={"optimizer.learning_rate": 0.0, "optimizer.weight_decay": 0.0}))
    before = driver.trainer.trainable.weights
    driver.tell(StepOnce())
    assert same(driver.trainer.trainable.weights, before)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (Swap(train_fraction=0.999999), "leaves validation empty"),
        (Swap(operation="divide", train_fraction=0.000001), "leaves training empty"),
        (Set(values={"task.modulus": 13}), "task.modulus cannot be set while training"),
        (Set(values={"optimizer.learning_rate": -1.0}), "must be at least 0"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(action: ScheduledAction, reason: str, driver: Driver) -> None:
    driver.pause_at(3)
    files, dataset, experiment, tensors = (
        files_of(driver.session.run),
        driver.trainer.dataset,
        driver.trainer.experiment,
        driver.trainer.tensors(),
    )
    (refused,) = driver.tell(action)
    assert isinstance(refused, Refused)
    assert reason in refused.message
    assert files_of(driver.session.run) == files
    assert driver.trainer.dataset is dataset
    assert driver.trainer.experiment is experiment
    assert same(driver.trainer.tensors(), tensors)


def test_a_save_writes_the_weights_as_they_are(driver: Driver) -> None:
    driver.pause_at(3)
    acted, saved = driver.tell(Save())
    assert isinstance(acted, Acted)
    assert isinstance(saved, Checkpointed)
    assert same(load_checkpoint(driver.session.run.checkpoints / saved.file), driver.trainer.tensors())


def test_a_stop_ends_the_training_for_good(driver: Driver) -> None:
    driver.pause_at(3)
    assert kinds(driver.tell(Stop())) == ["acted", "evaluated", "checkpointed", "finished"]
    assert driver.tell(Resume()) == driver.tell(StepOnce()) == driver.tell(Pause()) == []
    (refused,) = driver.tell(Swap(seed=1))
    assert isinstance(refused, Refused)
    assert "restart" in refused.message
    assert driver.trainer.step == 3


def test_a_look_copies_the_weights_and_touches_nothing(driver: Driver) -> None:
    driver.pause_at(3)
    files = files_of(driver.session.run)
    assert driver.session.analysis is None
    driver.tell(Analyze())
    assert driver.session.analysis is not None
    assert driver.session.analysis.step == 3
    assert files_of(driver.session.run) == files


def test_leaving_saves_before_it_says_so(driver: Driver) -> None:
    driver.pause_at(3)
    driver.leave()
    assert kinds(driver.journal)[-2:] == ["checkpointed", "finished"]
    assert driver.journal[-1] == driver.heard[-1]
    assert [record.reason for record in driver.heard if isinstance(record, Finished)] == ["interrupted"]


def test_every_act_stands_in_the_journal_with_its_step(driver: Driver) -> None:
    driver.pause_at(3)
    driver.tell(Swap(train_fraction=0.3))
    driver.pause_at(5)
    driver.tell(Set(values={"optimizer.learning_rate": 0.5}))
    driver.tell(Save())
    driver.pause_at(6)
    driver.tell(Stop())
    assert acts(driver.journal) == [(3, "swap to 30 %"), (5, "set learning_rate 0.5"), (5, "save"), (6, "stop")]


def test_every_milestone_is_saved(driver: Driver) -> None:
    driver.train()
    journal = driver.journal
    milestones = [number for number, record in enumerate(journal) if isinstance(record, Reached)]
    assert len(milestones) == 2
    for number in milestones:
        saved = next(record for record in journal[number:] if isinstance(record, Checkpointed))
        assert (driver.session.run.checkpoints / saved.file).exists()


def kept_at(experiment: Experiment, folder: Path) -> list[int]:
    driver = Driver(start_session(experiment, folder, "tiny"))
    driver.train()
    kept = [record for record in driver.journal if isinstance(record, Checkpointed)]
    assert all((driver.session.run.checkpoints / one.file).exists() for one in kept)
    return list(dict.fromkeys(one.step for one in kept))  # what an intervention saves at that step takes its place


def test_a_checkpoint_is_kept_at_each_step_that_asks_for_one(tiny: Experiment, tmp_path: Path) -> None:
    """Also between two evaluations."""
    slow = with_settings(tiny, optimizer={"learning_rate": 1e-6}, interventions=[{"at_step": 20, "save": True}])
    listed = with_settings(slow, training={"checkpoint_at": [0, 7, 20, 60, 99]})
    assert kept_at(listed, tmp_path) == [0, 7, 20, 60]
    assert kept_at(with_settings(slow, training={"checkpoint_at": "log"}), tmp_path) == [1, 2, 5, 10, 20, 50, 60]
    assert listed.warnings() == ["training.checkpoint_at: step 99 comes after the last step, 60"]
