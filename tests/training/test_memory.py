"""A device whose memory is exhausted ends a run in one line, and what was reached stands."""

from typing import Any

import numpy as np
import pytest
import torch

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.device import is_out_of_memory
from grokterm.engines.step import TrainState, TrainStep
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Finished
from grokterm.optim.rng import StepRng
from grokterm.training.single import SingleNetwork
from grokterm.training.step_loop import Measured
from grokterm.training.trainer import Trainer
from tests.training.outcome import finish, single_of

ADVICE = (
    "cpu has not enough memory for a step of 73 equations: lower optimizer.batch_size, the width of the network or task.modulus"
)


class Exhausted:
    """A step that runs out of memory at one step."""

    def __init__(self, step: TrainStep, at: int) -> None:
        self._step, self._at = step, at

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the step has
        return getattr(self._step, name)

    def __call__(self, state: TrainState, batch: DeviceEquations, rng: StepRng, *, measuring: bool = False) -> Any:  # noqa: ANN401
        if rng.step == self._at:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return self._step(state, batch, rng, measuring=measuring)


def exhausted_at(step: int, trainer: Trainer) -> Trainer:
    network = single_of(trainer)
    network._step = Exhausted(network._step, step)
    return trainer


def test_a_run_out_of_memory_ends_with_advice_at_the_step_it_reached(tiny: Experiment) -> None:
    outcome = finish(exhausted_at(12, Trainer(tiny, threads=1)))
    (end,) = outcome.every(Finished)
    assert (end.step, end.reason, end.message) == (12, "out_of_memory", ADVICE)
    assert [record.step for record in outcome.every(Evaluated)] == [0, 5, 10]


def test_what_was_reached_can_be_resumed(tiny: Experiment) -> None:
    whole = finish(Trainer(tiny, threads=1)).trainer
    broken = finish(exhausted_at(12, Trainer(tiny, threads=1)))
    resumed = Trainer(tiny, threads=1)
    resumed.restore(broken.trainer.step, 0.0, broken.trainer.tensors(), broken.records)
    finish(resumed)
    assert all(torch.equal(weight, resumed.trainable.weights[name]) for name, weight in whole.trainable.weights.items())


def test_memory_that_is_exhausted_before_the_first_step_ends_the_run_too(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def measure(_fit: SingleNetwork) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(SingleNetwork, "measure", measure)
    assert [record.reason for record in finish(Trainer(tiny, threads=1)).every(Finished)] == ["out_of_memory"]


def test_other_failures_are_bugs(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def measure(_fit: SingleNetwork) -> None:
        raise RuntimeError("shapes do not agree")

    monkeypatch.setattr(SingleNetwork, "measure", measure)
    with pytest.raises(RuntimeError, match="shapes"):
        finish(Trainer(tiny, threads=1))


def test_what_torch_and_numpy_say_of_too_much_is_understood() -> None:
    with pytest.raises(RuntimeError) as torch_says:
        torch.empty(1 << 60, dtype=torch.uint8)
    with pytest.raises(MemoryError) as numpy_says:
        np.empty(1 << 60, dtype=np.uint8)
    assert is_out_of_memory(torch_says.value)
    assert is_out_of_memory(numpy_says.value)


def test_an_evaluation_that_memory_did_not_suffice_for_is_made_when_the_run_goes_on(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    measure = SingleNetwork.measure

    def measure_until(fit: SingleNetwork) -> Measured:
        if fit.step == tiny.training.steps:
            raise MemoryError
        return measure(fit)

    monkeypatch.setattr(SingleNetwork, "measure", measure_until)
    broken = finish(Trainer(tiny, threads=1))
    monkeypatch.undo()
    resumed = Trainer(tiny, threads=1)
    resumed.restore(broken.trainer.step, 0.0, broken.trainer.tensors(), broken.records)
    assert finish(resumed).evaluated_at == [tiny.training.steps]


def test_a_swap_for_which_there_is_no_memory_is_refused_and_changes_nothing(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    trainer = Trainer(tiny, threads=1)
    trainer.begin()
    n_train = len(trainer.dataset.train)
    monkeypatch.setattr("grokterm.training.single.to_device", refuse)
    with pytest.raises(ConfigError, match="cpu has not enough memory for 36 equations"):
        trainer.act(Swap(train_fraction=0.3))
    assert len(trainer.dataset.train) == n_train


def test_a_swap_whose_sides_cannot_be_measured_ends_the_run_with_advice(
    tiny: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(tiny, threads=1)
    trainer.begin()

    def fail() -> Measured:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")

    monkeypatch.setattr(trainer.trainable, "measure", fail)
    _, end = trainer.act(Swap(train_fraction=0.3))
    assert isinstance(end, Finished)
    assert end.reason == trainer.ended == "out_of_memory"
    assert end.message.startswith("cpu has not enough memory")
