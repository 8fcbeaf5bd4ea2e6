"""On a CUDA device the gradient comes from products with one-hot rows: tried on a CPU, it is that of autograd."""

import pytest
import torch

from grokterm.engines.eager import AutogradGradient
from grokterm.engines.fused.dense import DenseGradient
from grokterm.engines.table import ENGINES, Engine
from grokterm.experiment.experiment import Experiment
from grokterm.models.activations import ACTIVATIONS
from grokterm.optim.losses import loss_of
from grokterm.optim.rng import StepRng
from tests.pairwise import pairwise
from tests.training.outcome import assert_same_numbers, changed, copied, finish, halts, single_of, started

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@pytest.fixture
def everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fused engine do on a CPU what it does on a CUDA device."""
    engine = Engine(lambda *_: "", lambda experiment, pool, _: DenseGradient(experiment, pool), lambda _: True)
    monkeypatch.setitem(ENGINES, "fused", engine)


@pytest.mark.parametrize(
    ("activation", "scaling", "loss", "precision"),
    pairwise(tuple(ACTIVATIONS), ("gromov", "liu", "standard"), ("mse", "cross_entropy"), ("float32", "float64")),
)
def test_the_gradient_is_that_of_autograd(tiny: Experiment, activation: str, scaling: str, loss: str, precision: str) -> None:
    network = (f"model.activation={activation}", f"model.scaling={scaling}")
    experiment = changed(tiny, *network, f"loss.kind={loss}", f"loss.precision={precision}")
    fit = single_of(started(changed(experiment, "training.engine=eager")))
    expected = AutogradGradient(fit._pool, {}, loss_of(experiment.loss))
    dense = DenseGradient(experiment, fit._pool)
    by_name = dict(fit.weights)
    for weights in (fit.weights, by_name):
        (ours, numbers), (theirs, their_numbers) = (
            one.gradient(weights, fit._batches.at(0), StepRng(0, 0, fit.device), measuring=True) for one in (dense, expected)
        )
        torch.testing.assert_close(dict(ours), dict(theirs))
        torch.testing.assert_close(numbers, their_numbers)


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(
    "settings", [(), ("optimizer.batch_size=20",), ("optimizer.kind=gd",), ("optimizer.update_noise=0.1",)]
)
def test_a_run_is_that_of_eager(tiny: Experiment, settings: tuple[str, ...]) -> None:
    by_engine = {name: finish(started(changed(tiny, f"training.engine={name}", *settings))) for name in ("fused", "eager")}
    fused, eager = (one.trainer.tensors() for one in by_engine.values())
    torch.testing.assert_close(fused, eager, rtol=1e-3, atol=1e-4)


@pytest.mark.usefixtures("everywhere")
def test_a_restored_run_goes_on_as_if_nothing_had_happened(eventful: Experiment) -> None:
    experiment = changed(eventful, "training.engine=fused")
    whole = finish(started(experiment))
    for halted in halts(experiment, [5, 41]):
        resumed = started(experiment)
        resumed.restore(halted.trainer.step, 0.0, copied(halted.trainer), halted.records)
        assert_same_numbers(finish(resumed).trainer, whole.trainer)


@with_cuda
@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=20",), ("loss.kind=cross_entropy", "loss.precision=float64")])
def test_on_cuda_a_run_is_that_of_eager(tiny: Experiment, settings: tuple[str, ...]) -> None:
    fused, eager = (
        finish(started(changed(tiny, "device=cuda", f"training.engine={name}", *settings))).trainer.tensors()
        for name in ("fused", "eager")
    )
    torch.testing.assert_close(fused, eager, rtol=1e-3, atol=1e-4)
