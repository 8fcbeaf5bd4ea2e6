"""Replayed steps are plain steps, whatever changes from step to step. On a CPU a replay calls what was captured again."""

from collections import Counter

import pytest
import torch

from grokterm.engines import cuda_graph as graph
from grokterm.engines.device import find_device
from grokterm.engines.step import GradientStep
from grokterm.engines.table import choose_engine
from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Started
from grokterm.training import kinds
from grokterm.training import trainer as trainer_module
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from grokterm.training.single import SingleNetwork
from grokterm.training.trainer import Trainer
from tests.training.every_network import allow_everywhere, every_network, small, trainer_of
from tests.training.outcome import Outcome, assert_same_numbers, changed, copied, finish, halts, single_of, started, trained_to

with_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
CUDA = torch.device("cuda")


@pytest.fixture(autouse=True)
def captured(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Let the engine run on a CPU, and count what it captures."""
    counted: Counter[str] = Counter()
    capture = graph.GraphMemory.capture

    def counting(pool: graph.GraphMemory, *arguments: object) -> object:
        counted["captures"] += 1
        return capture(pool, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(graph.GraphMemory, "capture", counting)
    allow_everywhere(monkeypatch, "graph")
    return counted


def both(experiment: Experiment) -> tuple[Outcome, Outcome]:
    """Train by replays and plainly."""
    engines = ("graph", "eager")
    by_graph, plain = (finish(trainer_of(changed(experiment, f"training.engine={engine}"))) for engine in engines)
    trained = by_graph.trainer.trainable
    assert isinstance(trained, SingleNetwork | VmappedEnsemble)
    assert trained._graphs is not None
    return by_graph, plain


def assert_same_run(by_graph: Outcome, plain: Outcome) -> None:
    """Compare all that happened, and the weights, bit for bit."""
    assert [str(fact) for fact in by_graph.facts[1:]] == [str(fact) for fact in plain.facts[1:]]  # nan is not equal to itself
    assert_same_numbers(by_graph.trainer, plain.trainer)


@every_network
@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=10",)], ids=["whole", "minibatches"])
def test_every_network_that_follows_a_gradient_is_trained_as_eager_does(
    architecture: str, settings: tuple[str, ...], captured: Counter[str]
) -> None:
    if architecture == "kernel":
        with pytest.raises(ConfigError, match=r"training\.engine graph needs a gradient to follow"):
            trainer_of(small("kernel", "training.engine=graph"))
        return
    assert_same_run(*both(small(architecture, *settings)))
    assert captured["captures"] >= 2


@pytest.mark.parametrize("kind", ["gd", "sgd", "adam", "adamw", "lion", "muon"])
def test_every_rule_is_followed(tiny: Experiment, kind: str) -> None:
    assert_same_run(*both(changed(tiny, f"optimizer.kind={kind}", "optimizer.learning_rate=1e-2")))


def test_muon_between_hidden_layers_and_adamw_elsewhere_are_followed(tiny: Experiment) -> None:
    network = ("model.depth=2", "model.scaling=standard")
    settings = ("optimizer.kind=muon", "optimizer.muon_for=hidden", "optimizer.other_learning_rate=3e-3")
    assert_same_run(*both(changed(tiny, *network, *settings)))


def test_a_schedule_is_followed_by_replays(tiny: Experiment, captured: Counter[str]) -> None:
    settings = ("optimizer.schedule=linear", "optimizer.schedule_steps=40", "optimizer.final_share=0.1")
    by_graph, plain = both(changed(tiny, *settings))
    assert_same_run(by_graph, plain)
    assert captured["captures"] >= 2
    with pytest.raises(AssertionError):
        assert_same_numbers(by_graph.trainer, both(tiny)[1].trainer)


def test_swaps_and_live_changes_are_followed(eventful: Experiment, captured: Counter[str]) -> None:
    assert_same_run(*both(eventful))
    assert captured["captures"] > 6


def test_what_was_trained_on_before_is_measured_as_eager_does(redrawn: Experiment) -> None:
    by_graph, plain = both(redrawn)
    assert_same_run(by_graph, plain)
    assert {one.seen_accuracy is None for one in by_graph.every(Evaluated)} == {True, False}


@pytest.mark.parametrize("modifiers", ["ema"], indirect=True)
@pytest.mark.parametrize("kind", ["adamw", "muon"])
def test_noise_dropout_and_what_begins_slowly_are_those_of_eager(modified: Experiment, kind: str) -> None:
    assert_same_run(*both(changed(modified, f"optimizer.kind={kind}")))


@pytest.fixture
def _as_on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)


@pytest.mark.usefixtures("_as_on_a_gpu")
@pytest.mark.parametrize("modifiers", ["ema"], indirect=True)
@pytest.mark.parametrize("split", ["random", "symmetric"])
def test_an_ensemble_is_trained_as_by_its_plain_program(modified: Experiment, split: str, captured: Counter[str]) -> None:
    """A symmetric split makes training sets of unequal size, whose batches are padded."""
    experiment = changed(modified, "training.members=2", f"task.split={split}")
    by_graph, plain = both(experiment)
    assert_same_run(by_graph, plain)
    assert captured["captures"] >= 6
    (begun,) = by_graph.every(Started)
    assert begun.engine == "graph"


@pytest.mark.usefixtures("_as_on_a_gpu")
def test_a_restored_ensemble_goes_on_as_if_nothing_had_happened(eventful: Experiment) -> None:
    experiment = changed(eventful, "training.engine=graph", "training.members=2", 'model.scaling="standard"', "model.depth=2")
    experiment = changed(experiment, "model.frozen=['first']", "optimizer.update_noise=0.1")
    whole = finish(Trainer(experiment))
    for halted in halts(experiment, [5, 41]):
        resumed = Trainer(experiment)
        resumed.restore(halted.trainer.step, 0.0, copied(halted.trainer), halted.records)
        assert_same_numbers(finish(resumed).trainer, whole.trainer)


@pytest.mark.parametrize("normalization", ["none", "batch"])
def test_weights_that_were_off_by_noise_are_measured_without_it(tiny: Experiment, normalization: str) -> None:
    assert_same_run(*both(changed(tiny, "optimizer.weight_noise=0.1", f"model.normalization={normalization}")))


def test_a_run_that_diverges_goes_back_to_where_it_was_seen(diverging: Experiment) -> None:
    by_graph, plain = both(changed(diverging, "training.evaluate_every=1"))
    assert by_graph.trainer.ended == "diverged"
    assert_same_run(by_graph, plain)


@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=20", "optimizer.update_noise=0.1")])
def test_a_chunk_copies_to_the_host_once(
    tiny: Experiment, settings: tuple[str, ...], host_copies: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer_module, "CHUNK_SECONDS", 1e9)
    trainer = started(changed(tiny, "training.engine=graph", *settings))
    trainer.begin()
    trainer.advance(1)
    for _ in range(3):
        host_copies.clear()
        trainer.advance(15)
        assert host_copies == Counter(tolist=1)


def test_a_restored_run_goes_on_as_if_nothing_had_happened(eventful: Experiment) -> None:
    experiment = changed(eventful, "training.engine=graph", "optimizer.update_noise=0.1")
    whole = finish(started(experiment))
    for halted in halts(experiment, [0, 5, 14, 41]):
        step, resumed = halted.trainer.step, started(experiment)
        resumed.restore(step, 0.0, copied(halted.trainer), halted.records)
        n_before = sum(isinstance(record, Evaluated) for record in halted.records)
        assert finish(resumed).every(Evaluated) == whole.every(Evaluated)[n_before:]
        assert_same_numbers(resumed, whole.trainer)


def test_what_was_measured_is_not_overwritten_by_later_steps(tiny: Experiment) -> None:
    fit = single_of(started(changed(tiny, "training.engine=graph")))
    measured = list(fit.advance(20, lambda step: step % 2 == 0))
    numbers = [one.numbers.tolist() for one in measured]
    for one, expected in zip(measured, numbers, strict=True):
        fit.go_back(one.step, one.state)
        torch.testing.assert_close(fit.measure().numbers.tolist(), expected)


def test_tensors_that_were_handed_out_stay_as_they_are(tiny: Experiment) -> None:
    trainer = trained_to(changed(tiny, "training.engine=graph"), 10).trainer
    before, snapshot = trainer.tensors(), trainer.snapshot()
    kept = {name: value.clone() for name, value in before.items()}
    trainer.advance(10)
    torch.testing.assert_close(before, kept, rtol=0, atol=0)
    assert not torch.equal(trainer.tensors()["weights.left"], kept["weights.left"])
    assert (snapshot.parameters["left"] == kept["weights.left"].numpy()).all()


def test_a_replay_depends_on_nothing_that_python_reads(tiny: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture that a rule's look at the step's number would spoil shows it here too."""
    experiment = changed(tiny, "optimizer.gradient_filter=ema")
    _, plain = both(experiment)
    monkeypatch.setattr(GradientStep, "invariant_from", 0.0)
    by_graph, _ = both(experiment)
    with pytest.raises(AssertionError):
        assert_same_numbers(by_graph.trainer, plain.trainer)


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("optimizer.gradient_filter=ma", "cannot replay optimizer.gradient_filter ma, whose window moves with every step"),
        ("seed=0", "replays cuda graphs, and there are none on cpu"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(
    tiny: Experiment, setting: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.raises(ConfigError) as refused:
        choose_engine(changed(tiny, setting, "training.engine=graph"), torch.device("cpu"))
    assert str(refused.value) == f"training.engine graph {why}: choose auto"


def test_on_cuda_it_is_the_first_choice(tiny: Experiment) -> None:
    assert choose_engine(changed(tiny, "model.dropout=0.1"), CUDA) == "graph"
    assert choose_engine(changed(tiny, "optimizer.gradient_filter=ma"), CUDA) == "eager"
    assert choose_engine(small("kernel"), CUDA) == "eager"


@with_cuda
@every_network
@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=10",)], ids=["whole", "minibatches"])
def test_on_cuda_replays_are_steps(architecture: str, settings: tuple[str, ...]) -> None:
    if architecture == "kernel":
        pytest.skip("follows no gradient")
    _assert_close_on_cuda(small(architecture, *settings, "device=cuda"))


@with_cuda
@pytest.mark.parametrize("modifiers", ["ema"], indirect=True)
def test_on_cuda_replays_draw_the_same_noise(modified: Experiment) -> None:
    _assert_close_on_cuda(changed(modified, "device=cuda"))


@with_cuda
@pytest.mark.parametrize("modifiers", ["ema"], indirect=True)
@pytest.mark.parametrize("split", ["random", "symmetric"])
def test_on_cuda_replays_of_an_ensemble_are_steps(modified: Experiment, split: str) -> None:
    _assert_close_on_cuda(changed(modified, "training.members=3", f"task.split={split}", "device=cuda"))


@with_cuda
def test_on_cuda_auto_trains_from_graphs(tiny: Experiment) -> None:
    tiny = changed(tiny, "model.dropout=0.1", "device=cuda")
    (begun,) = [one for one in Trainer(tiny).begin() if isinstance(one, Started)]
    assert begun.engine == "graph"
    assert find_device("cuda").type == "cuda"


def _assert_close_on_cuda(experiment: Experiment) -> None:
    by_graph, plain = both(experiment)
    assert len(by_graph.facts) == len(plain.facts)
    torch.testing.assert_close(by_graph.trainer.tensors(), plain.trainer.tensors(), rtol=1e-3, atol=1e-4)
