"""A compiled gradient is that of autograd, comes when it is there, and fails at the price of a line."""

import gc
import pickle
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import pytest
import torch
from torch import Tensor

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.models.build import ARCHITECTURES
from grokterm.training import compiled, compiler
from grokterm.training.autograd import Block, Recorded
from grokterm.training.batches import DeviceEquations
from grokterm.training.compiled import COMPILING
from grokterm.training.compiling import Order
from grokterm.training.engines import choose_engine
from grokterm.training.losses import loss_of
from grokterm.training.optimizers import Weights
from grokterm.training.records import Started, Switched
from grokterm.training.trainer import Trainer
from grokterm.training.turn import Turn
from tests.training.every_network import small, trainer_of
from tests.training.outcome import assert_same_numbers, changed, finish, fit_of, started

CPU = torch.device("cpu")


def python(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def wait_for_the_compiler(trainer: Trainer) -> None:
    """Ask for gradients, without making a step, until they come from elsewhere or never will."""
    fit = fit_of(trainer)
    limit = monotonic() + 240
    while fit.running.engine.endswith(COMPILING) and monotonic() < limit:
        fit._calculus.gradient(fit.weights, fit._batches.at(fit.step), Turn(0, fit.step, CPU))
        sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("architecture", "settings"), [*((name, ()) for name in ARCHITECTURES), ("transformer", ("optimizer.batch_size=10",))]
)
def test_every_network_is_trained_as_eager_does(architecture: str, settings: tuple[str, ...]) -> None:
    if architecture == "kernel":
        with pytest.raises(ConfigError, match=r"training\.engine compiled needs a gradient to follow"):
            trainer_of(small("kernel", "training.engine=compiled"))
        return
    plain = finish(trainer_of(small(architecture, *settings, "training.engine=eager")))
    trainer = trainer_of(small(architecture, *settings, "training.engine=compiled"))
    wait_for_the_compiler(trainer)
    assert trainer.fit.running == ("compiled", "")
    by_compiled = finish(trainer)
    torch.testing.assert_close(by_compiled.trainer.tensors(), plain.trainer.tensors(), rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_threads_share_a_compiled_gradient(tiny: Experiment) -> None:
    experiment = changed(tiny, "task.modulus=53", "training.steps=10", "model.normalization=none")
    alone, shared = (Trainer(changed(experiment, "training.engine=compiled"), threads=threads) for threads in (1, 2))
    for trainer in (alone, shared):
        wait_for_the_compiler(trainer)
        assert trainer.fit.running.engine == "compiled"
    assert_same_numbers(finish(alone).trainer, finish(shared).trainer)


class Instant:
    """In place of a compiler: what it makes is there once it is asked for, and says that it was asked."""

    n_loaded = 0

    def __init__(self, order: Order) -> None:
        self.n_rows = len(order.equations)
        self._order = order

    def outcome(self) -> str:
        return ""

    def end(self) -> None:
        raise AssertionError

    def load(self) -> object:
        Instant.n_loaded += 1
        order = self._order

        def call(weights: Weights, frozen: Weights, tokens: Tensor, answers: Tensor, n_batch: Tensor) -> object:
            block = Block(DeviceEquations(tokens, answers), n_batch, None, measuring=True)
            slopes, numbers = Recorded(frozen, loss_of(order.loss))(order.network, weights, block)
            return list(slopes.values()), numbers

        return call


def test_it_takes_over_while_the_training_goes_on(eventful: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "Compiler", Instant)
    trained = finish(started(changed(eventful, "training.engine=compiled")))
    (begun,), (switched,) = trained.every(Started), trained.every(Switched)
    assert (begun.engine, switched.engine, switched.message) == ("eager (compiling)", "compiled", "")
    assert switched.step > 0
    assert Instant.n_loaded > 2  # batches of several sizes
    plain = finish(started(changed(eventful, "training.engine=eager")))
    torch.testing.assert_close(trained.trainer.tensors(), plain.trainer.tensors(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import os; os.abort()", "the compiler crashed (SIGABRT)"),
        ("raise OSError('No working C++ compiler')", "OSError: No working C++ compiler"),
        ("raise SystemExit(3)", "the compiler ended with exit code 3"),
    ],
)
def test_a_compiler_that_fails_costs_a_line(
    tiny: Experiment, program: str, why: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(compiler, "COMMAND", python(program))
    trainer = started(changed(tiny, "training.engine=compiled"))
    wait_for_the_compiler(trainer)
    trained = finish(trainer)
    (begun,) = trained.every(Started)
    assert begun.engine == "eager"
    assert trainer.fit.running == ("eager", f"not compiled: {why}")
    assert_same_numbers(trained.trainer, finish(started(changed(tiny, "training.engine=eager"))).trainer)
    assert capfd.readouterr() == ("", "")


def test_a_failure_on_the_way_is_reported_once(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "COMMAND", python("import sys; sys.stdin.read(9); raise SystemExit(3)"))
    trainer = started(changed(tiny, "training.engine=compiled"))
    records = trainer.begin() + trainer.advance(1)
    assert not [one for one in records if isinstance(one, Switched)]
    wait_for_the_compiler(trainer)
    records = trainer.advance(1) + trainer.advance(1)
    (switched,) = [one for one in records if isinstance(one, Switched)]
    assert (switched.step, switched.engine) == (2, "eager")
    assert switched.message == "not compiled: the compiler ended with exit code 3"


@pytest.fixture
def endless(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> tuple[Trainer, "subprocess.Popen[bytes]", Path]:
    """A training whose compiler is never done."""
    monkeypatch.setattr(compiler, "COMMAND", python("import time; time.sleep(1000)"))
    trainer = started(changed(tiny, "training.engine=compiled"))
    trainer.begin()
    trainer.advance(3)
    compiling = fit_of(trainer)._calculus._compiler  # type: ignore[attr-defined]
    return trainer, compiling._process, Path(compiling._folder)


def test_the_compiler_ends_with_the_training(endless: tuple[Trainer, "subprocess.Popen[bytes]", Path]) -> None:
    trainer, process, folder = endless
    assert process.poll() is None
    trainer.end("interrupted")
    assert process.poll() is not None
    assert not folder.exists()


def test_the_compiler_ends_with_a_training_that_nobody_wants_any_more(
    endless: tuple[Trainer, "subprocess.Popen[bytes]", Path],
) -> None:
    trainer, process, folder = endless
    trainer.__dict__.clear()  # the fixture holds the trainer itself
    gc.collect()
    assert process.poll() is not None
    assert not folder.exists()


@pytest.mark.slow
def test_the_compiler_ends_with_a_training_that_was_killed(tiny: Experiment, tmp_path: Path) -> None:
    folder = tmp_path / "compiled"
    folder.mkdir()
    fit = fit_of(started(changed(tiny, "model.width=500", "training.engine=eager")))
    weights = {name: weight.clone() for name, weight in fit.weights.items()}
    order = Order(fit.network, tiny.loss, weights, {}, fit._batches.at(0), str(folder / "package"))
    process = subprocess.Popen(compiler.COMMAND, stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    process.stdin.write(pickle.dumps(order))
    process.stdin.close()
    assert process.wait(60) == -9
    assert not folder.exists()


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("model.dropout=0.1", "cannot draw what eager draws for model.dropout"),
        ("training.members=2", "compiles for one network, not for training.members 2"),
    ],
)
def test_what_cannot_be_compiled_is_refused_in_one_line(tiny: Experiment, setting: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Trainer(changed(tiny, setting, "training.engine=compiled"))
    assert str(refused.value) == f"training.engine compiled {why}: choose auto"


def test_it_is_never_chosen_without_being_asked_for(tiny: Experiment) -> None:
    assert choose_engine(changed(tiny, "loss.kind=stablemax"), CPU) == "eager"
    with pytest.raises(ConfigError, match="compiles for a cpu, not for cuda"):
        choose_engine(changed(tiny, "training.engine=compiled"), torch.device("cuda"))
