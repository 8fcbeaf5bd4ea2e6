"""The fused engine is eager within rounding, whatever the network with one hidden layer, its loss and what is frozen."""

import pytest
import torch

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.fused import gradient as written_out
from grokterm.engines.gradient import GradientBackend
from grokterm.engines.table import choose_engine
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.models.activations import ACTIVATIONS
from grokterm.models.network import Network
from grokterm.optim.rng import StepRng
from grokterm.optim.rules import Weights
from grokterm.training.trainer import Trainer
from tests.models.libraries import ALWAYS, multiply_by
from tests.pairwise import pairwise
from tests.training.outcome import assert_same_numbers, changed, finish, single_of, started

CPU = torch.device("cpu")
TURN = StepRng(0, 0, CPU)


def parts(experiment: Experiment, engine: str) -> tuple[GradientBackend, Weights, DeviceEquations]:
    fit = single_of(started(changed(experiment, f"training.engine={engine}")))
    return fit._backend, fit.weights, fit._batches.at(0)


@pytest.fixture
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Multiply by one library, products of every size."""
    multiply_by(request.param, monkeypatch)


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("activation", "scaling", "library", "loss"),
    pairwise(tuple(ACTIVATIONS), ("gromov", "liu", "standard"), tuple(ALWAYS), ("mse", "cross_entropy")),
    indirect=["library"],
)
def test_the_gradient_is_that_of_autograd(tiny: Experiment, activation: str, scaling: str, loss: str) -> None:
    experiment = changed(tiny, f"model.activation={activation}", f"loss.kind={loss}", f"model.scaling={scaling}")
    (calculus, weights, batch), (expected, _, same) = (parts(experiment, engine) for engine in ("fused", "eager"))
    (slopes, numbers), (right, right_numbers) = (
        one.gradient(weights, rows, TURN, measuring=True) for one, rows in ((calculus, batch), (expected, same))
    )
    torch.testing.assert_close(slopes, right)
    torch.testing.assert_close(numbers, right_numbers)


TIED = "model.tied_operands=true"
CHANGES = (
    (),
    ("model.frozen=['first']",),
    ("model.frozen=['readout']",),
    ("optimizer.batch_size=20",),
    (TIED,),
    (TIED, "model.frozen=['first']"),
    (TIED, "model.frozen=['readout']"),
)


@pytest.mark.parametrize(("settings", "loss", "precision"), pairwise(CHANGES, ("mse", "cross_entropy"), ("float32", "float64")))
def test_a_run_is_that_of_eager(tiny: Experiment, loss: str, precision: str, settings: tuple[str, ...]) -> None:
    experiment = changed(tiny, f"loss.kind={loss}", f"loss.precision={precision}", *settings)
    fused, eager = (finish(started(changed(experiment, f"training.engine={engine}"))) for engine in ("fused", "eager"))
    torch.testing.assert_close(fused.trainer.tensors(), eager.trainer.tensors(), rtol=1e-3, atol=1e-4)


def test_nothing_depends_on_the_number_of_threads(grokking: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written_out, "FEWEST_ROWS", 10)
    monkeypatch.setattr(Network, "cpu_block_rows", 100)
    monkeypatch.setattr(written_out, "suited_threads", lambda *_: 3)
    alone, shared = (finish(Trainer(grokking, threads=threads)) for threads in (1, 2))
    assert alone.trainer.trainable.engine == "fused"
    assert alone.facts[1:] == shared.facts[1:]
    assert_same_numbers(alone.trainer, shared.trainer)


@pytest.mark.parametrize("engine", ["fused", "eager"])
def test_the_training_side_of_a_step_is_what_a_measurement_says(
    grokking: Experiment, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written_out, "FEWEST_ROWS", 10)
    monkeypatch.setattr(Network, "cpu_block_rows", 100)
    monkeypatch.setattr(written_out, "suited_threads", lambda *_: 3)
    experiment = changed(grokking, f"training.engine={engine}", "training.evaluate_every=1", "training.steps=30")
    along, apart = finish(started(experiment), [30]), finish(started(experiment), [1] * 30)
    assert along.facts == apart.facts


def test_the_best_engine_that_can_is_chosen(tiny: Experiment) -> None:
    cuda = torch.device("cuda")
    assert choose_engine(tiny, CPU) == "fused"
    assert choose_engine(tiny, cuda) == "graph"
    assert choose_engine(changed(tiny, "training.engine=fused"), cuda) == "fused"
    for setting in ("training.members=2", "model.frozen=['first']", "task.modulus=197", "model.dropout=0.1", TIED):
        large = changed(tiny, "model.width=500", "model.scaling=gromov", "training.engine=fused", setting)
        with pytest.raises(ConfigError, match=r"training\.engine fused"):
            choose_engine(large, cuda)
    assert choose_engine(changed(tiny, "optimizer.gradient_filter=ma"), cuda) == "eager"
    for setting in ("model.dropout=0.1", "model.normalization=batch", "loss.kind=stablemax"):
        assert choose_engine(changed(tiny, setting), CPU) == "eager"


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("model.dropout=0.1", "needs an mlp with one hidden layer, without dropout or normalization"),
        ("model.architecture=lstm", "needs an mlp with one hidden layer, without dropout or normalization"),
        ("training.precision=bfloat16", "needs training.precision float32 or float64, not bfloat16"),
        ("loss.kind=stablemax", "needs loss.kind mse or cross_entropy, not stablemax"),
    ],
)
def test_an_engine_that_cannot_run_an_experiment_is_refused_in_one_line(tiny: Experiment, setting: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        choose_engine(changed(tiny, setting, "training.engine=fused"), CPU)
    assert str(refused.value) == f"training.engine fused {why}: choose auto"
