"""Where torch lacks what it keeps to itself, a training goes on by what it documents."""

from collections.abc import Callable

import pytest
import torch

from grokterm.engines import binding
from grokterm.engines.fused import derivatives
from grokterm.experiment.experiment import Experiment
from grokterm.optim import adam
from grokterm.training import kinds
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.trainer import Trainer
from tests.training.every_network import every_network, small, trainer_of
from tests.training.outcome import assert_same_numbers, finish

Lacking = Callable[[pytest.MonkeyPatch], None]


def slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binding, "HAS_SLOTS", False)


def gelu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivatives, "HAS_GELU_BACKWARD", False)


def batched_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adam, "is_batchedtensor", lambda _: True)


def fused_adam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adam, "fused_operation", lambda *_: None)


def trained(experiment: Experiment) -> Trainer:
    return finish(trainer_of(experiment)).trainer


def assert_same_without(lacking: Lacking, experiment: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    before = trained(experiment)
    lacking(monkeypatch)
    assert_same_numbers(before, trained(experiment))


@every_network
def test_any_network_trains_bit_for_bit_without_the_dictionaries_of_modules(
    architecture: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_without(slots, small(architecture), monkeypatch)


@pytest.mark.parametrize("lacking", [slots, gelu, batched_tensors])
def test_a_gradient_that_is_written_out_is_the_same_bit_for_bit(lacking: Lacking, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_same_without(lacking, small("mlp", "model.depth=1", "model.activation=gelu", "training.engine=fused"), monkeypatch)


@pytest.fixture
def _batched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)


ENSEMBLE = ("training.members=2", "training.engine=eager", "training.steps=10")


@pytest.mark.usefixtures("_batched")
@pytest.mark.parametrize("kind", ["adam", "adamw", "muon"])
def test_an_ensemble_trains_bit_for_bit_where_no_tensor_tells_that_it_is_batched(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_same_without(batched_tensors, small("transformer", f"optimizer.kind={kind}", *ENSEMBLE), monkeypatch)


@pytest.mark.usefixtures("_batched")
@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_an_ensemble_trains_to_rounding_without_the_fused_operations(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = small("transformer", f"optimizer.kind={kind}", "optimizer.epsilon=1e-4", *ENSEMBLE)
    before = trained(experiment)
    fused_adam(monkeypatch)
    torch.testing.assert_close(trained(experiment).tensors(), before.tensors(), rtol=1e-4, atol=1e-5)
