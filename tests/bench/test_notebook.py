import pytest
import torch
from torch import nn

from grokterm.bench.comparison import as_timed
from grokterm.bench.contestants import compiled, notebook
from grokterm.bench.notebook import Notebook
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.training.trainer import Trainer
from tests.training.outcome import changed

N_STEPS = 6
MEASURES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy")


def evaluations_of_grokterm(experiment: Experiment) -> dict[int, list[float]]:
    trainer = Trainer(changed(experiment, f"training.steps={N_STEPS}", "training.evaluate_every=1"))
    evaluated = [record for record in trainer.run() if isinstance(record, Evaluated)]
    return {record.step: [float(getattr(record, name)) for name in MEASURES] for record in evaluated}


@pytest.mark.parametrize(
    "changes",
    [
        [],
        ["model.scaling=gromov", "optimizer.kind=gd", "optimizer.learning_rate=1e3", "optimizer.weight_decay=0.0"],
        ["model.scaling=liu", "optimizer.weight_decay=0.1", "optimizer.warmup_steps=4"],
        ["optimizer.kind=sgd", "optimizer.learning_rate=1.0", "optimizer.weight_decay=1e-4", "model.activation=relu"],
        ["optimizer.kind=adam", "loss.kind=cross_entropy", "loss.precision=float64"],
    ],
)
def test_the_loop_of_a_notebook_comes_to_the_losses_of_grokterm(tiny: Experiment, changes: list[str]) -> None:
    experiment = changed(tiny, *changes)
    expected = evaluations_of_grokterm(experiment)
    loop = Notebook(experiment)
    loop.train(N_STEPS + 1)
    assert loop.evaluations.keys() == expected.keys()
    for step, numbers in expected.items():
        assert loop.evaluations[step] == pytest.approx(numbers, rel=1e-4), step


@pytest.mark.parametrize("changes", [[], ["model.n_layers=2", "model.activation=gelu", "model.biases=false"]])
def test_a_plain_transformer_comes_to_the_losses_of_grokterm(changes: list[str]) -> None:
    nanda = ["task.modulus=11", "model.d_model=16", "model.d_mlp=32", "training.evaluate_every=2", "training.inspect_every=0"]
    experiment = changed(find_preset("nanda").experiment.model_copy(update={"expect": None}), *nanda, *changes)
    expected = evaluations_of_grokterm(experiment)
    loop = Notebook(experiment)
    loop.train(N_STEPS + 1)
    assert list(loop.evaluations) == [0, 2, 4, 6]
    for step, numbers in loop.evaluations.items():
        assert numbers == pytest.approx(expected[step], rel=1e-4), step


@pytest.mark.parametrize(
    ("preset", "changes"),
    [
        ("small-lstm", ["model.d_model=16", "model.init_std=0.3", "model.init_scale=0.7"]),
        ("small-lstm", ["model.d_model=16", "model.n_layers=2", "model.sequence='<eos> a op b = c <eos>'"]),
        ("small-embedding-mlp", ["model.d_model=16", "model.width=32", "optimizer.batch_size=full"]),
        ("small-embedding-mlp", ["model.d_model=16", "model.width=32", "model.depth=1", "optimizer.batch_size=full"]),
    ],
)
def test_a_plain_network_over_tokens_comes_to_the_losses_of_grokterm(preset: str, changes: list[str]) -> None:
    small = find_preset(preset).experiment.model_copy(update={"expect": None})
    experiment = changed(small, "task.modulus=11", "training.evaluate_every=2", *changes)
    expected = evaluations_of_grokterm(experiment)
    loop = Notebook(experiment)
    loop.train(N_STEPS + 1)
    for step, numbers in loop.evaluations.items():
        assert numbers == pytest.approx(expected[step], rel=1e-4), step


def test_an_epoch_of_minibatches_meets_every_equation_once(tiny: Experiment) -> None:
    loop = Notebook(changed(tiny, "optimizer.batch_size=20"))
    batches = [loop._next_batch() for _ in range(4)]
    assert [len(batch.answers) for batch in batches] == [20, 20, 20, 13]
    met = torch.cat([batch.inputs for batch in batches])
    assert sorted(map(tuple, met.tolist())) == sorted(map(tuple, loop._train.inputs.tolist()))
    loop.train(3)
    assert loop.evaluations[0][0] == pytest.approx(evaluations_of_grokterm(tiny)[0][0], rel=1e-4)


def test_the_members_of_an_ensemble_are_as_many_loops(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[tuple[int, int]] = []
    monkeypatch.setattr(Notebook, "train", lambda loop, n_steps, **_: trained.append((id(loop), n_steps)))
    ensemble = notebook(changed(tiny, "training.members=3"))
    ensemble.modes["update"](5)
    assert [n_steps for _, n_steps in trained] == [5, 5, 5]
    assert len({loop for loop, _ in trained}) == 3
    assert ensemble.description.endswith(", 3 loops in turn")


def test_updates_alone_are_the_same_updates(tiny: Experiment) -> None:
    watched, unwatched = Notebook(tiny), Notebook(tiny)
    watched.train(5)
    unwatched.train(4, evaluates=False)
    assert unwatched.evaluations == {}
    unwatched.train(1)
    assert unwatched.evaluations[4] == watched.evaluations[4]


def test_the_perceptron_of_a_preset_is_evaluated_at_each_step_however_it_is_timed() -> None:
    loop = Notebook(as_timed(find_preset("liu-essay").experiment))
    loop.train(3)
    assert list(loop.evaluations) == [0, 1, 2]


@pytest.mark.parametrize(
    "change",
    [
        "model.depth=2",
        "model.dropout=0.1",
        "model.frozen=['first']",
        "model.architecture=mixture",
        "optimizer.kind=muon",
        "optimizer.decay_to=init",
        "optimizer.update_noise=0.1",
        "loss.kind=stablemax",
    ],
)
def test_what_the_loop_does_not_do_is_refused(tiny: Experiment, change: str) -> None:
    scaled = changed(tiny, "model.scaling=gromov")
    with pytest.raises(ConfigError, match="no notebook loop is written"):
        Notebook(changed(scaled, change))


def test_a_compiled_loop_makes_the_same_updates(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[str] = []
    monkeypatch.setattr(nn.Module, "compile", lambda _, mode: modes.append(mode))
    ours, plain = Notebook(tiny, compiled=True), Notebook(tiny)
    for loop in (ours, plain):
        loop.train(5, evaluates=False)
    assert modes == ["reduce-overhead"]
    torch.testing.assert_close(dict(ours.model.named_parameters()), dict(plain.model.named_parameters()))
    with pytest.raises(ConfigError, match="trains one network"):
        compiled(changed(tiny, "training.members=2"))
