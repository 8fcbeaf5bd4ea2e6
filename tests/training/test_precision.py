"""Networks whose weights, gradients and optimizer states are float64 or bfloat16."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.models.build import network_of
from grokterm.training.ensemble.arrays import to_arrays, to_tensors
from grokterm.training.ensemble.naming import of_member
from grokterm.training.trainer import Trainer
from tests.training.every_network import every_network, small, trainer_of
from tests.training.outcome import assert_same_numbers, changed, copied, finish, started, trained_to
from tests.training.test_restore import restored

DTYPES = {"float64": torch.float64, "bfloat16": torch.bfloat16}
OWN_WEIGHTS = ["mlp", "embedding_mlp", "lstm", "transformer"]


@pytest.mark.parametrize(
    ("architecture", "precision"), [*((one, "bfloat16") for one in (*OWN_WEIGHTS, "mixture")), ("mlp", "float64")]
)
def test_all_that_is_trained_has_the_precision_and_goes_on_bit_for_bit(architecture: str, precision: str) -> None:
    experiment = small(architecture, f"training.precision={precision}", "optimizer.weight_noise=0.01")
    trainer = trainer_of(experiment)
    records = [*trainer.begin(), *trainer.advance(), *trainer.advance(9)]
    step, tensors = trainer.step, copied(trainer)
    kept = {value.dtype for name, value in tensors.items() if name not in ("memory.count", "memory.initial_norm")}
    assert kept == {DTYPES[precision]}
    resumed = trainer_of(experiment)
    resumed.restore(step, 0.0, tensors, records)
    for one in (resumed, trainer):
        while one.ended is None:
            one.advance()
    assert_same_numbers(resumed, trainer)


def test_every_event_and_modifier_goes_on_bit_for_bit_in_bfloat16(modified: Experiment) -> None:
    experiment = changed(modified, "training.precision=bfloat16", "optimizer.held_norm=0.9", "model.dropout=0.1")
    whole = finish(started(experiment))
    assert_same_numbers(finish(restored(experiment, trained_to(experiment, 14))).trainer, whole.trainer)


@pytest.mark.parametrize("architecture", OWN_WEIGHTS)
def test_the_initial_weights_are_those_of_float32(architecture: str) -> None:
    plain = dict(network_of(small(architecture)).named_parameters())
    for precision, dtype in DTYPES.items():
        for name, value in network_of(small(architecture, f"training.precision={precision}")).named_parameters():
            assert torch.equal(value, plain[name].to(dtype))


class Plain(nn.Module):
    """The perceptron over one-hot operands, as a notebook has it."""

    def __init__(self, weights: dict[str, torch.Tensor]) -> None:
        super().__init__()
        first = torch.cat([weights["left"], weights["right"]])
        self.first, self.readout = (nn.Parameter(value.clone()) for value in (first, weights["readout"]))

    def forward(self, operands: torch.Tensor) -> torch.Tensor:
        inputs = functional.one_hot(operands, 11).flatten(1).to(self.first.dtype)
        scores: torch.Tensor = (inputs @ self.first).square() @ self.readout
        return scores


@pytest.mark.parametrize(("engine", "loss"), [("fused", "mse"), ("fused", "cross_entropy"), ("eager", "mse")])
def test_a_run_in_float64_is_that_of_a_plain_loop_in_float64(tiny: Experiment, engine: str, loss: str) -> None:
    """To 10 digits, which any float32 on the way would lose."""
    experiment = changed(tiny, "training.precision=float64", f"training.engine={engine}", f"loss.kind={loss}")
    trainer = started(experiment)
    plain = Plain(trainer.trainable.weights)
    train = trainer.dataset.train
    operands, answers = torch.from_numpy(train.operands), torch.from_numpy(train.answers)
    optimizer = torch.optim.AdamW(plain.parameters(), lr=1e-2, weight_decay=1.0)
    losses = {}
    for step in range(21):
        scores = plain(operands)
        wanted = functional.one_hot(answers, 11).double()
        value = functional.mse_loss(scores, wanted) if loss == "mse" else functional.cross_entropy(scores, answers)
        losses[step] = value.item()
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        if step < 20:
            optimizer.step()
    records = trainer.begin() + trainer.advance(20)
    while trainer.step < 20:
        records += trainer.advance(20 - trainer.step)
    measured = {one.step: one.train_loss for one in records if isinstance(one, Evaluated)}
    assert measured[5] == pytest.approx(losses[5], rel=1e-10)
    expected = torch.cat([trainer.trainable.weights["left"], trainer.trainable.weights["right"]])
    torch.testing.assert_close(plain.first.detach(), expected, rtol=1e-9, atol=1e-11)


def test_bfloat16_learns_and_is_not_float32(grokking: Experiment) -> None:
    coarse = finish(started(changed(grokking, "training.precision=bfloat16"))).every(Evaluated)
    fine = finish(started(grokking)).every(Evaluated)
    assert coarse[-1].train_accuracy > 0.9
    assert coarse[5].train_loss == pytest.approx(fine[5].train_loss, rel=0.05)
    assert coarse[5].train_loss != pytest.approx(fine[5].train_loss, rel=1e-5)


def test_the_loss_is_computed_in_its_own_precision_where_that_is_finer(tiny: Experiment) -> None:
    coarse = changed(tiny, "training.precision=bfloat16", "training.steps=0", "loss.kind=cross_entropy")
    losses = [
        finish(started(changed(coarse, f"loss.precision={precision}"))).every(Evaluated)[0].train_loss
        for precision in ("float32", "float64")
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0] != losses[1]
    assert float(torch.tensor(losses[0]).bfloat16()) != losses[0]


@pytest.mark.usefixtures("_members_here")
def test_a_member_in_bfloat16_is_bit_for_bit_what_it_would_be_alone(tiny: Experiment) -> None:
    experiment = changed(tiny, "training.precision=bfloat16", "training.members=2", "training.steps=20")
    together = finish(Trainer(experiment, threads=1)).trainer
    solo, tensors = finish(started(experiment.member(1))).trainer.tensors(), together.tensors()
    torch.testing.assert_close(of_member(1, tensors), solo, rtol=0, atol=0)
    together.trainable.load({name: value + 1 for name, value in tensors.items()})
    torch.testing.assert_close(together.tensors(), {name: value + 1 for name, value in tensors.items()}, rtol=0, atol=0)
    assert (together.snapshot().parameters["left"] == together.tensors()["member-0000.weights.left"].float().numpy()).all()


def test_tensors_come_back_from_arrays_as_they_were() -> None:
    tensors = {str(dtype): torch.randn(3, 2).to(dtype) for dtype in (torch.float32, *DTYPES.values())}
    torch.testing.assert_close(to_tensors(to_arrays(tensors)), tensors, rtol=0, atol=0)


@every_network
def test_nothing_in_the_networks_is_of_another_precision_by_default(architecture: str) -> None:
    dtype = torch.float64 if architecture == "kernel" else torch.float32
    weights = trainer_of(small(architecture)).trainable.weights
    assert {value.dtype for value in weights.values()} == {dtype}
