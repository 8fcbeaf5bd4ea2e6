import asyncio
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch

import grokterm as gt
from grokterm.api import loops
from grokterm.errors import ConfigError, OutOfMemoryError, StorageError
from grokterm.experiment.recording.records import TRANSIENT, Record
from grokterm.runs.journal import JournalWriter
from grokterm.training.single import SingleNetwork

Train = Callable[..., gt.Training]


@pytest.fixture
def train(preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Train:
    """Train the preset for 30 steps, in a folder of its own, a step a chunk."""
    monkeypatch.setattr("grokterm.training.trainer.CHUNK_SECONDS", 1e-9)

    def begin(**changes: object) -> gt.Training:
        return gt.train(preset, {"training.steps": 30} | changes, runs_dir=tmp_path)

    return begin


def weights(run: gt.SavedRun) -> list[torch.Tensor]:
    return [*run.network().parameters()]


def assert_goes_on_as_undisturbed(run: gt.Training, train: Train) -> None:
    """It was left, and ends as a run that was not."""
    assert run.summary.ended == "interrupted"
    assert 10 <= run.steps < 30
    whole = train().finish()
    assert run.finish().summary.ended == "complete"
    assert run.curves("numpy")["val_loss"].tolist() == whole.curves("numpy")["val_loss"].tolist()
    assert all(map(torch.equal, weights(run), weights(whole)))


def test_a_loop_is_told_what_the_journal_keeps(train: Train) -> None:
    run = train()
    told = [record for record in run if not isinstance(record, TRANSIENT)]
    assert told == [*run.records()]
    assert [told[0].record, told[-1].record] == ["started", "finished"]
    assert "advanced" not in {record.record for record in told}


def test_a_loop_that_is_left_saves_and_another_one_goes_on(train: Train) -> None:
    run = train()
    for record in run:
        if record.step == 10:
            break
    assert_goes_on_as_undisturbed(run, train)
    assert [*run] == []


def test_an_interrupt_ends_a_step_and_saves_before_it_is_heard_of(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    update = SingleNetwork.update

    def interrupted(network: SingleNetwork, *, measuring: bool = False) -> torch.Tensor | None:
        if network.step == 10:
            signal.raise_signal(signal.SIGINT)
        return update(network, measuring=measuring)

    run = train()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as Python has it: commands of other tests leave another one
    monkeypatch.setattr(SingleNetwork, "update", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.finish()
    monkeypatch.setattr(SingleNetwork, "update", update)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_goes_on_as_undisturbed(run, train)


def read_until_it_fails(records: Iterator[Record]) -> None:
    """The frame of this function, which the error's traceback holds, has a name for the loop."""
    for record in records:
        1 / (10 - record.step)


@pytest.mark.parametrize("ended_by", ["the run", "the end of Python"])
def test_a_loop_that_an_error_keeps_alive_is_ended_by(ended_by: str, train: Train) -> None:
    run = train()
    with pytest.raises(ZeroDivisionError) as error:
        read_until_it_fails(iter(run))
    assert run.summary.ended is None
    (run.stop if ended_by == "the run" else loops._close)()
    assert error.tb is not None  # which has kept it
    assert_goes_on_as_undisturbed(run, train)


def test_a_run_that_trains_at_this_moment_is_not_begun_by_another_thread(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    run, write, refused = train(), JournalWriter.write, set[str]()

    def begin_again(writer: JournalWriter, records: Sequence[Record], *, is_durable: bool = False) -> None:
        with pytest.raises(ConfigError) as error:
            iter(run)
        refused.add(str(error.value))
        write(writer, records, is_durable=is_durable)

    monkeypatch.setattr(JournalWriter, "write", begin_again)
    assert run.finish().steps == 30
    assert refused == {f"run {run.name} is trained by another thread: wait until that has left its loop"}


async def test_it_trains_in_a_notebook_and_in_a_thread_of_its_own(train: Train) -> None:
    here = train().finish()  # the loop of asyncio runs, as in a notebook
    there = await asyncio.to_thread(train().finish)
    assert here.summary.grokked_at == there.summary.grokked_at
    assert all(map(torch.equal, weights(here), weights(there)))


def test_a_full_disk_ends_the_loop_with_an_error(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    write = JournalWriter.write

    def full(journal: JournalWriter, records: list[Record], **how: bool) -> None:
        if any(record.step >= 24 for record in records):
            raise StorageError("the disk is full: free some space")
        write(journal, records, **how)

    run = train()
    monkeypatch.setattr(JournalWriter, "write", full)
    with pytest.raises(gt.GroktermError, match="the disk is full: free some space: it is saved up to step"):
        run.finish()
    monkeypatch.undo()
    assert run.finish().steps == 30


def test_too_little_memory_ends_the_loop_with_an_error(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted(network: SingleNetwork, **_: object) -> None:
        raise OutOfMemoryError

    run = train()
    monkeypatch.setattr(SingleNetwork, "update", exhausted)
    with pytest.raises(gt.GroktermError, match=r"has not enough memory for a step .* saved up to step 0"):
        run.finish()
    assert run.summary.ended == "out_of_memory"


def test_a_loss_that_is_not_finite_is_a_result(train: Train) -> None:
    run = train(**{"optimizer.learning_rate": 1e30, "optimizer.kind": "gd"}).finish()
    assert run.summary.ended == "diverged"


def test_settings_are_changed_as_on_the_command_line(train: Train, preset: Path, tmp_path: Path) -> None:
    given = train(**{"optimizer.betas": (0.9, 0.95), "task.operation": "subtract", "model.width": np.int64(64)})
    written = ["optimizer.betas=[0.9, 0.95]", "task.operation=subtract", "model.width=64", "training.steps=30"]
    assert given.experiment == gt.train(preset, written, runs_dir=tmp_path).experiment
    assert given.experiment.model_dump()["model"]["width"] == 64
    sections = {"optimizer": {"betas": [0.9, 0.95]}, "task": {"operation": "subtract"}, "model": {"width": 64}}
    assert gt.train(preset, {**sections, "training.steps": 30}, runs_dir=tmp_path).experiment == given.experiment


def test_what_a_change_drops_is_noted(train: Train) -> None:
    assert any(
        "dropped weight_decay" in note or "changed from adamw" in note for note in train(**{"optimizer.kind": "lion"}).notes
    )


def test_an_ended_run_goes_on_with_more_steps(train: Train) -> None:
    run = train().finish()
    assert [*run.resume()] == []
    longer = run.resume({"training.steps": 40}).finish()
    assert (longer.steps, longer.name) == (40, run.name)


def test_a_branch_is_a_run_of_its_own(train: Train) -> None:
    run = train().finish()
    branch = run.branch(20, {"optimizer.weight_decay": 0.0}).finish()
    assert (branch.summary.parent, branch.summary.branched_at, branch.steps) == (run.name, 20, 30)
    assert not all(map(torch.equal, weights(run), weights(branch)))
