from pathlib import Path

import pytest
import torch
from torch.nn import functional

import grokterm as gt
from grokterm.models import products
from grokterm.runs.export.source import Source
from grokterm.runs.export.table import FORMATS
from grokterm.runs.store import Run
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.runs.export.conftest import replay_to
from tests.session.test_mixture_parts import MIXTURE, PART

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


def test_each_member_of_an_ensemble_has_its_own_network_data_curves_and_analysis(
    preset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grokterm.training.kinds.ProcessEnsemble", VmappedEnsemble)  # which starts at once
    run = gt.train(preset, ["training.steps=6", "training.members=2"], runs_dir=tmp_path).finish()
    accuracies = []
    for number in range(2):
        network, data = run.network(4, number), run.dataset(4, member=number)
        right = (network(torch.from_numpy(data.inputs)).argmax(dim=1) == torch.from_numpy(data.answers)).numpy()
        curves = run.curves("numpy", member=number)
        assert right[data.train].mean() == pytest.approx(curves["train_accuracy"][2])
        assert run.analysis(4, number)["train_accuracy"] == pytest.approx(curves["train_accuracy"][2])
        assert "lowest_train_loss" not in curves
        accuracies.append(curves["train_accuracy"])
    assert not (accuracies[0] == accuracies[1]).all()
    assert run.curves("numpy")["train_accuracy"] == pytest.approx(sum(accuracies) / 2)
    with pytest.raises(gt.GroktermError, match="member must be a number from 0 to 1, not 2"):
        run.network(4, 2)


@pytest.fixture
def mixed(tmp_path: Path) -> gt.Training:
    parts = {}
    for role, fraction in (("generalizer", 0.8), ("memorizer", 0.3)):
        (tmp_path / f"{role}.toml").write_text(PART.format(fraction=fraction, steps=10), "utf-8")
        parts[f"model.{role}"] = gt.train(tmp_path / f"{role}.toml", runs_dir=tmp_path / "runs").finish().path
    (tmp_path / "mixed.toml").write_text(MIXTURE, "utf-8")
    return gt.train(tmp_path / "mixed.toml", {**parts, "training.steps": 4}, runs_dir=tmp_path / "runs").finish()


def test_the_networks_of_a_mixture_are_reached_by_their_roles(mixed: gt.Training) -> None:
    for role, fraction in (("generalizer", 0.8), ("memorizer", 0.3)):
        data = mixed.dataset(member=role)
        assert data.train.mean() == pytest.approx(fraction, abs=0.01)
        scores = mixed.network("last", role)(torch.from_numpy(data.inputs))
        right = (scores.argmax(dim=1) == torch.from_numpy(data.answers)).numpy()
        assert right[data.train].mean() == pytest.approx(mixed.curves("numpy", member=role)["train_accuracy"][-1])
    file = mixed.path / "weights.pt"
    FORMATS["state_dict"].write(Source(Run(mixed.path), replay_to), file)
    exported, own = torch.load(file, weights_only=True), mixed.network().state_dict()
    assert {f"network.{name}" for name in exported} == own.keys()  # of all three networks
    assert all(torch.equal(weights, own[f"network.{name}"]) for name, weights in exported.items())
    with pytest.raises(gt.GroktermError, match="no network called 'general': choose one of mixture, generalizer, memorizer"):
        mixed.network(member="general")
    with pytest.raises(gt.GroktermError, match="member must be 0, as the run is no ensemble, not 1"):
        mixed.curves(member=1)
