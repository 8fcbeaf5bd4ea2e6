from pathlib import Path

import pytest
import torch
from torch.nn import functional

import grokterm as gt
from grokterm.models import products

NETWORKS = {
    "mlp": ["model.normalization=batch", "model.dropout=0.2"],
    "transformer": ["model.architecture=transformer", "model.d_model=16", "model.n_heads=2", "model.d_mlp=16"],
    "both tokens": [
        "model.architecture=transformer",
        "model.d_model=16",
        "model.n_heads=2",
        "model.d_mlp=16",
        "model.sequence=<eos> a op b = c <eos>",
        "model.scored=answer_and_eos",
    ],
    "lstm": ["model.architecture=lstm", "model.d_model=16"],
    "embedding_mlp": ["model.architecture=embedding_mlp", "model.d_model=8", "model.width=16"],
    "kernel": ["model.architecture=kernel", "optimizer.kind=agop", "task.modulus=7"],
    "three operands": ["task.n_operands=3", "task.modulus=5"],
    "half": ["training.precision=bfloat16"],
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_answers_as_many_equations_as_were_recorded(name: str, preset: Path, tmp_path: Path) -> None:
    run = gt.train(preset, ["training.steps=6", *NETWORKS[name]], runs_dir=tmp_path).finish()
    network, data = run.network(4), run.dataset(4)
    assert not network.training
    scores = network(torch.from_numpy(data.inputs))
    assert len(scores) == len(data.inputs)
    right = (scores.argmax(dim=1) == torch.from_numpy(data.answers)).numpy()
    (recorded,) = [record for record in run.records() if record.record == "evaluated" and record.step == 4]
    if name != "both tokens":  # which also has to be right about what follows
        assert right[data.train].mean() == pytest.approx(recorded.train_accuracy)
        assert right[data.val].mean() == pytest.approx(recorded.val_accuracy)


def test_its_scores_are_those_before_the_softmax(swapped: gt.Training) -> None:
    (recorded,) = [record for record in swapped.records() if record.record == "evaluated" and record.step == 6]
    data = swapped.dataset(6)
    with torch.no_grad():
        scores = swapped.network(6)(torch.from_numpy(data.inputs[data.val]))
    wanted = functional.one_hot(torch.from_numpy(data.answers[data.val]), data.n_elements)
    assert functional.mse_loss(scores, wanted.float()).item() == pytest.approx(recorded.val_loss, rel=1e-4)


def test_it_can_be_differentiated_twice(swapped: gt.Training, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(products, "LIBRARY", "numpy")
    monkeypatch.setattr(products, "WORTH_CALLING", 0)
    network, data = swapped.network(), swapped.dataset()
    loss = functional.cross_entropy(network(torch.from_numpy(data.inputs)), torch.from_numpy(data.answers))
    (gradient,) = torch.autograd.grad(loss, [network.get_parameter("network.readout")], create_graph=True)
    twice = torch.autograd.grad(gradient.square().sum(), [*network.parameters()])
    assert all(one.isfinite().all() and one.any() for one in twice)
