"""Derivatives of the training loss, against torch's own of a network written out as one function."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call

from grokterm.experiment.experiment import Experiment
from grokterm.inspection import training_loss
from grokterm.inspection.training_loss import TrainingLoss, largest_eigenvalue
from grokterm.optim.losses import loss_of
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed, finish, started

SMALL = ("task.modulus=5", "training.steps=5")
NETWORKS = {
    "mlp": ("model.width=4",),
    "frozen": ("model.width=4", 'model.frozen=["first"]'),
    "relu, cross-entropy, label noise": (
        "model.width=4",
        "model.activation=relu",
        "loss.kind=cross_entropy",
        "task.label_noise=0.3",
    ),
    "transformer": ("model.architecture=transformer", "model.d_model=2", "model.n_heads=1", "model.d_mlp=3"),
    "lstm": ("model.architecture=lstm", "model.d_model=2", "model.dropout=0.5"),
}


def loss_in(trainer: Trainer) -> TrainingLoss:
    return TrainingLoss(trainer.trainable.network, loss_of(trainer.experiment.loss), trainer.snapshot())


def dense(trainer: Trainer) -> tuple[dict[str, Tensor], Tensor]:
    """The gradient by parameter, and the whole Hessian."""
    network = trainer.trainable.network
    values = {name: torch.from_numpy(value).double() for name, value in trainer.snapshot().parameters.items()}
    trained = {name: value for name, value in values.items() if name not in network.frozen}
    tokens, answers = network.encode(trainer.dataset.train)

    def loss(flat: Tensor) -> Tensor:
        parts = flat.split_with_sizes([value.numel() for value in trained.values()])
        given = {name: part.view(value.shape) for part, (name, value) in zip(parts, trained.items(), strict=True)}
        return loss_of(trainer.experiment.loss)(functional_call(network, values | given, (tokens,)), answers).mean()

    flat = torch.cat([value.flatten() for value in trained.values()])
    hessian: Tensor = torch.autograd.functional.hessian(loss, flat)  # type: ignore[no-untyped-call]
    grads = torch.autograd.functional.jacobian(loss, flat).split_with_sizes([value.numel() for value in trained.values()])  # type: ignore[no-untyped-call]
    return {name: grad.view(value.shape) for grad, (name, value) in zip(grads, trained.items(), strict=True)}, hessian


@pytest.mark.parametrize("network", NETWORKS)
def test_gradient_and_largest_eigenvalue_are_those_of_the_whole_hessian(network: str, tiny: Experiment) -> None:
    trainer = finish(started(changed(tiny, *SMALL, *NETWORKS[network]))).trainer
    found, (grads, hessian) = loss_in(trainer), dense(trainer)
    assert found.gradient().keys() == grads.keys()
    for name, grad in found.gradient().items():
        np.testing.assert_allclose(grad, grads[name].numpy(), rtol=1e-6, atol=1e-12)
    vector = torch.linspace(-1, 1, len(hessian), dtype=torch.float64)
    torch.testing.assert_close(found.hessian_product(vector), hessian @ vector, rtol=1e-6, atol=1e-10)
    assert found.largest_eigenvalue() == pytest.approx(float(torch.linalg.eigvalsh(hessian)[-1]), rel=1e-3)


def test_blocks_of_equations_add_up(tiny: Experiment) -> None:
    trainer = finish(started(changed(tiny, "training.steps=5"))).trainer
    whole, cut = loss_in(trainer), loss_in(trainer)
    cut._equations = cut._equations.__class__(cut._equations.tokens, cut._equations.answers, block_rows=7)
    assert len(cut._equations.blocks) > 3
    for name, grad in whole.gradient().items():
        np.testing.assert_allclose(cut.gradient()[name], grad, rtol=1e-9, atol=1e-15)
    assert cut.largest_eigenvalue() == pytest.approx(whole.largest_eigenvalue(), rel=1e-6)


def test_a_large_negative_eigenvalue_does_not_hide_the_largest() -> None:
    matrix = torch.diag(torch.tensor([-100.0, 3.0, 2.0, 1.0, -50.0], dtype=torch.float64))
    assert largest_eigenvalue(lambda vector: matrix @ vector, 5) == pytest.approx(3, rel=1e-3)


def test_what_does_not_converge_or_is_not_finite_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_loss, "MOST_PRODUCTS", 3)
    crowded = torch.linspace(1, 2, 100, dtype=torch.float64)
    assert largest_eigenvalue(lambda vector: crowded * vector, 100) is None
    assert largest_eigenvalue(lambda vector: vector * float("nan"), 10) is None
    assert largest_eigenvalue(lambda vector: vector * 0, 10) == 0
