import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import pytest
import torch
from torch import Tensor

from grokterm.errors import CheckpointError, ConfigError, OutOfMemoryError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Save, Set, Stop, Swap
from grokterm.experiment.recording.records import Acted, Checkpointed
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.journal import JournalWriter
from grokterm.runs.replay import replay, trainer_at
from grokterm.runs.storage.making import create_run
from grokterm.runs.store import Run
from grokterm.session.commands import StepOnce
from grokterm.session.start import resume_session, start_session
from grokterm.training.single import SingleNetwork
from tests.runs.records import checkpointed, evaluated, finished, journaled, started
from tests.runs.tensors import same
from tests.session.driving import Driver, files_of, undisturbed, with_settings
from tests.training.test_rfm import KERNEL

INTERVENTIONS = [
    {"at_step": 20, "swap": {"train_fraction": 0.4, "seed": 3}},
    {"at_step": 30, "set": {"optimizer.learning_rate": 5e-3}},
    {"at_step": 40, "save": True},
]


@pytest.fixture
def eventful(tiny: Experiment) -> Experiment:
    """Minibatches, and one intervention of every kind."""
    return with_settings(tiny, optimizer={"batch_size": 20}, interventions=INTERVENTIONS)


def begun(experiment: Experiment, folder: Path) -> Driver:
    return Driver(start_session(experiment, folder, "tiny"))


def states_of(driver: Driver) -> dict[int, dict[str, Tensor]]:
    """Train an eventful run step by step, with a person's hand in it; return its tensors at every step."""
    states = {0: driver.trainer.tensors()}
    driver.pause_at(0)
    while driver.trainer.ended is None:
        driver.tell(StepOnce())
        states[driver.trainer.step] = driver.trainer.tensors()
        if driver.trainer.step == 13:
            driver.tell(Swap(train_fraction=0.3))
            driver.tell(Set(values={"optimizer.weight_decay": 0.5}))
    driver.leave()
    return states


def checkpoints_of(run: Run) -> list[Path]:
    return [run.checkpoints / name for name in sorted({path.name for path in run.checkpoints.iterdir()})]


def killed(run: Run, n_lines: int) -> Run:
    """Leave a run as it was when so much of its journal had been written, and half a line."""
    lines = run.journal.read_bytes().splitlines(keepends=True)
    run.journal.write_bytes(b"".join(lines[:n_lines]) + lines[n_lines][:9])
    known = {record.file for record in journaled(run.journal) if isinstance(record, Checkpointed)}
    for path in checkpoints_of(run):
        if path.name not in known:
            path.unlink()
    return Run(run.path)


def test_every_step_of_a_run_is_what_it_was_whatever_checkpoint_it_is_reached_from(
    eventful: Experiment, tmp_path: Path
) -> None:
    driver = begun(eventful, tmp_path)
    states, run = states_of(driver), driver.session.run
    assert [record.step for record in journaled(run.journal) if isinstance(record, Acted)] == [13, 13, 20, 30, 40]
    files = files_of(run)
    for step in (0, 1, 12, 13, 14, 20, 21, 22, 30, 31, 40, 59, 60):
        assert same(trainer_at(run, step).tensors(), states[step])
    assert files_of(run) == files
    for path in checkpoints_of(run):
        path.unlink()
    for trainer in replay(run, 60):
        assert same(trainer.tensors(), states[trainer.step])


@pytest.mark.parametrize("tf32", [False, True])
def test_steps_are_made_again_as_precisely_as_the_run_has_made_them(
    tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tf32: bool
) -> None:
    driver = begun(with_settings(tiny, training={"tf32": tf32}), tmp_path)
    driver.pause_at(3)
    asked: list[bool] = []

    @contextmanager
    def precision(_: torch.device, *, tf32: bool) -> Iterator[None]:
        asked.append(tf32)
        yield

    driver.leave()
    monkeypatch.setattr("grokterm.training.trainer.matrix_precision", precision)
    trainer_at(driver.session.run, 2)
    assert asked == [tf32] * 2


def test_what_was_done_at_a_step_belongs_to_it(eventful: Experiment, tmp_path: Path) -> None:
    driver = begun(eventful, tmp_path)
    states_of(driver)
    run = driver.session.run
    sizes = {step: len(trainer_at(run, step).dataset.train) for step in (12, 13, 19, 20)}
    assert sizes == {12: 73, 13: 36, 19: 36, 20: 48}
    assert trainer_at(run, 13).experiment.live_value("optimizer.weight_decay") == 0.5
    assert trainer_at(run, 30).experiment.live_value("optimizer.learning_rate") == 5e-3


def test_without_a_step_it_is_where_the_run_ended_and_nothing_is_trained(
    eventful: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = begun(eventful, tmp_path)
    driver.train()
    monkeypatch.setattr(SingleNetwork, "update", lambda _: pytest.fail("it trains"))
    assert same(trainer_at(driver.session.run).tensors(), driver.trainer.tensors())
    assert same(trainer_at(driver.session.run, 60).tensors(), driver.trainer.tensors())


@pytest.mark.parametrize("damage", [b"", b"\x00" * 64], ids=["empty", "zeros"])
def test_the_end_of_a_run_is_trained_again_where_its_checkpoint_cannot_be_read(
    damage: bytes, eventful: Experiment, tmp_path: Path
) -> None:
    driver = begun(eventful, tmp_path)
    driver.train()
    for path in checkpoints_of(driver.session.run)[-2:]:
        path.write_bytes(damage)
    assert same(trainer_at(driver.session.run).tensors(), driver.trainer.tensors())


def test_a_checkpoint_of_another_network_is_passed_over(tiny: Experiment, tmp_path: Path) -> None:
    driver = begun(tiny, tmp_path)
    driver.train()
    save_checkpoint(driver.session.run.checkpoints, 60, {"weights.other": torch.zeros(1)}, tiny)
    assert same(trainer_at(driver.session.run).tensors(), driver.trainer.tensors())


def test_a_run_that_was_killed_is_seen_up_to_the_last_line_of_its_journal(eventful: Experiment, tmp_path: Path) -> None:
    driver = begun(eventful, tmp_path)
    states = states_of(driver)
    records = journaled(driver.session.run.journal)
    n_lines = next(number for number, record in enumerate(records) if record.step == 55)
    run = killed(driver.session.run, n_lines)
    assert max(record.step for record in journaled(run.journal)) == 50
    assert trainer_at(run).step == 40
    for step in (0, 13, 40, 50):
        assert same(trainer_at(run, step).tensors(), states[step])
    with pytest.raises(ConfigError, match=r"step 50, not 51: go on with grokterm run --resume tiny-[\d-]+ --runs-dir \.$"):
        trainer_at(run, 51)


def test_what_was_done_after_the_last_checkpoint_was_done(eventful: Experiment, tmp_path: Path) -> None:
    driver = begun(eventful, tmp_path)
    states_of(driver)
    records = journaled(driver.session.run.journal)
    n_acted = next(number for number, record in enumerate(records, start=1) if isinstance(record, Acted))
    run = killed(driver.session.run, n_acted)
    assert len(trainer_at(run, 13).dataset.train) == 36
    assert trainer_at(run).step == 0


def test_a_run_that_was_resumed_with_other_settings_is_followed_through_both(grokking: Experiment, tmp_path: Path) -> None:
    experiment = with_settings(grokking, interventions=[{"when": "memorized", "swap": {"seed": 5}}])
    first = begun(with_settings(experiment, training={"steps": 40, "evaluate_every": 7}), tmp_path)
    first.train()
    first.leave()
    changes = ("training.steps=70", "training.evaluate_every=3")
    second = Driver(resume_session(Run(first.session.run.path), changes)[0])
    second.train()
    run = Run(first.session.run.path)
    assert same(trainer_at(run, 70).tensors(), second.trainer.tensors())
    for path in checkpoints_of(run):
        path.unlink()
    assert same(trainer_at(run, 70).tensors(), second.trainer.tensors())
    assert same(trainer_at(run, 40).tensors(), first.trainer.tensors())


@pytest.mark.parametrize("from_the_start", [False, True])
def test_a_run_that_diverged_is_seen_where_it_did(*, from_the_start: bool, grokking: Experiment, tmp_path: Path) -> None:
    driver = begun(with_settings(grokking, optimizer={"learning_rate": 1e30, "weight_decay": 0.0}), tmp_path)
    driver.train()
    run, step = driver.session.run, driver.trainer.step
    if from_the_start:
        shutil.rmtree(run.checkpoints)
    assert same(trainer_at(run, step).tensors(), driver.trainer.tensors())
    with pytest.raises(ConfigError, match=rf"has reached step {step}, not 99: it has ended, so choose a step up to {step}$"):
        trainer_at(run, 99)


def test_a_kernel_machine_has_met_the_training_set_that_it_was_swapped_to(tmp_path: Path) -> None:
    swapped = with_settings(Experiment.from_toml(KERNEL), interventions=[{"at_step": 3, "swap": {"train_fraction": 0.4}}])
    driver = begun(swapped, tmp_path)
    driver.pause_at(3)
    driver.tell(StepOnce())  # the swap
    driver.tell(StepOnce())
    run, after = driver.session.run, driver.trainer.tensors()
    at_swap = undisturbed(with_settings(Experiment.from_toml(KERNEL), training={"steps": 3}))
    at_swap.act(Swap(train_fraction=0.4))
    for _ in range(2):
        assert same(trainer_at(run, 3).tensors(), at_swap.tensors())
        assert same(trainer_at(run, 4).tensors(), after)
        shutil.rmtree(run.checkpoints, ignore_errors=True)


def test_the_way_there_can_be_watched_and_left(tiny: Experiment, tmp_path: Path) -> None:
    driver = begun(tiny, tmp_path)
    driver.pause_at(4)
    driver.tell(Save())
    driver.train()
    assert [trainer.step for trainer in replay(driver.session.run, 9)] == [4, 5, 6, 7, 8, 9]
    assert [trainer.step for trainer in islice(replay(driver.session.run, 9), 3)] == [4, 5, 6]


def test_a_run_that_was_stopped_is_seen_at_its_end(tiny: Experiment, tmp_path: Path) -> None:
    driver = begun(tiny, tmp_path)
    driver.pause_at(7)
    driver.tell(Stop())
    assert same(trainer_at(driver.session.run, 7).tensors(), driver.trainer.tensors())


def written(experiment: Experiment, folder: Path, *records: object) -> Run:
    run = create_run(folder, experiment, "tiny", {})
    JournalWriter(run.journal).write(records)  # type: ignore[arg-type]
    return run


def test_a_step_before_the_first_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^step must be at least 0, not -1$"):
        trainer_at(written(tiny, tmp_path, started(), finished(60)), -1)


def test_a_step_that_a_complete_run_never_took_is_refused_with_how_to_take_it(tiny: Experiment, tmp_path: Path) -> None:
    run = written(tiny, tmp_path, started(), checkpointed(60), finished(60))
    go_on = f"grokterm run --resume {run.name} --runs-dir . --set training.steps="
    expected = f"run {run.name} has reached step 60, not 5,000: go on with {go_on}"
    with pytest.raises(ConfigError, match=f"^{re.escape(expected)}5000$"):
        trainer_at(run, 5000)


def test_a_run_without_a_checkpoint_wants_a_step(tiny: Experiment, tmp_path: Path) -> None:
    run = written(tiny, tmp_path, started(), evaluated(0), evaluated(5))
    with pytest.raises(CheckpointError, match=rf"^run {run.name} has no checkpoint: choose a step up to 5$"):
        trainer_at(run)
    assert trainer_at(run, 5).step == 5


def test_a_journal_that_is_damaged_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    run = written(tiny, tmp_path, started(), evaluated(0))
    run.journal.write_bytes(b"{}\n" + run.journal.read_bytes())
    with pytest.raises(CheckpointError, match="line 1, is not a record"):
        trainer_at(run, 0)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_a_device_that_is_not_there_is_replaced_unless_it_was_asked_for(tiny: Experiment, tmp_path: Path) -> None:
    run = written(with_settings(tiny, device="cuda"), tmp_path, started(device="cuda:0 NVIDIA H100"), evaluated(5))
    assert trainer_at(run, 5).device.type == "cpu"
    with pytest.raises(ConfigError, match="this machine has no CUDA device"):
        trainer_at(run, 5, "cuda")


def test_a_device_that_cannot_compute_what_the_run_did_is_refused(tiny: Experiment, tmp_path: Path) -> None:
    driver = begun(with_settings(tiny, loss={"precision": "float64"}, training={"steps": 3}), tmp_path)
    driver.train()
    with pytest.raises(ConfigError, match=r"loss\.precision float64 needs a device that has it, and mps does not"):
        trainer_at(driver.session.run, 2, device="mps")


def test_memory_that_runs_out_is_said_in_one_line(tiny: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def update(_fit: SingleNetwork) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(SingleNetwork, "update", update)
    run = written(tiny, tmp_path, started(), evaluated(5))
    with pytest.raises(OutOfMemoryError, match=r"^cpu has not enough memory to train run .* again from step 0: .* device$"):
        trainer_at(run, 5)
