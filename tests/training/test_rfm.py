from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import jacrev, vmap

from grokterm.engines.batches import DeviceEquations
from grokterm.engines.thread_pool import ThreadPool
from grokterm.errors import ConfigError
from grokterm.experiment.architectures.kernel import KernelModel
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set, Swap
from grokterm.experiment.optimizer import RecursiveFeatures
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Started
from grokterm.models.build import build
from grokterm.models.kernel import KERNELS, metric_of
from grokterm.optim.flat import FlatParameters
from grokterm.runs.checkpoint import load_checkpoint, save_checkpoint
from grokterm.training.rfm import FeatureMachine, average_outer_product
from grokterm.training.trainer import Trainer
from tests.models.test_kernel import PAIRS, Name, P, dense_similarity, learned_metric, one_hot
from tests.training.outcome import assert_same_numbers, changed, finish, single_of, started, trained_to

KERNEL = """
device = "cpu"
[task]
modulus = 11
train_fraction = 0.6
[model]
architecture = "kernel"
[optimizer]
kind = "agop"
[training]
steps = 8
evaluate_every = 1
"""
TRAINED = PAIRS[torch.randperm(P * P, generator=torch.Generator().manual_seed(2))[:24]]
every_kernel = pytest.mark.parametrize("name", KERNELS)


@pytest.fixture(params=sorted(KERNELS))
def kernel(request: pytest.FixtureRequest) -> Experiment:
    """A kernel machine of every kind."""
    return changed(Experiment.from_toml(KERNEL), f"model.kernel={request.param}")


def some_coefficients() -> Tensor:
    """Coefficients that are zero where nothing is trained on."""
    table = torch.zeros(P, P, P, dtype=torch.float64)
    drawn = torch.randn(len(TRAINED), P, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    table[TRAINED[:, 0], TRAINED[:, 1]] = drawn
    return table


@every_kernel
@pytest.mark.parametrize("threads", [1, 2])
def test_the_average_outer_product_is_that_of_the_gradient(name: Name, threads: int) -> None:
    settings, metric, coefficients = KernelModel(kernel=name, bandwidth=1.3), learned_metric(), some_coefficients()

    def scores(inputs: Tensor) -> Tensor:
        return (dense_similarity(settings, metric, inputs[None], one_hot(PAIRS)) @ coefficients.flatten(0, 1))[0]

    gradients = vmap(jacrev(scores))(one_hot(TRAINED))  # equations, classes, operands
    centered = gradients - gradients.mean(dim=0)
    expected = torch.einsum("icd,ice->de", centered, centered) / len(TRAINED)
    pool = ThreadPool(build(settings, P, 0), threads)
    found = average_outer_product(pool, settings, metric, TRAINED, coefficients)
    torch.testing.assert_close(found, expected, rtol=1e-10, atol=1e-10)


@every_kernel
@pytest.mark.parametrize("ridge", [0.0, 0.1])
def test_the_coefficients_solve_the_system(name: Name, ridge: float) -> None:
    settings = KernelModel(kernel=name)
    network = build(settings, P, 0)
    initial = {key: value.detach() for key, value in network.named_parameters()}
    flat = FlatParameters(initial, as_one=False)
    machine = FeatureMachine(ThreadPool(network), settings, RecursiveFeatures(ridge=ridge), flat)
    train = DeviceEquations(TRAINED, TRAINED.sum(dim=1) % P)
    weights = machine.on_new_training_set(initial, train)
    rows = weights["coefficients"][TRAINED[:, 0], TRAINED[:, 1]]
    alike = dense_similarity(settings, torch.eye(2 * P, dtype=torch.float64), one_hot(TRAINED), one_hot(TRAINED))
    wanted = torch.nn.functional.one_hot(train.answers, P).double()
    torch.testing.assert_close(alike @ rows + ridge * rows, wanted, rtol=1e-9, atol=1e-9)
    assert int(weights["coefficients"].any(dim=-1).sum()) == len(TRAINED)


@pytest.mark.parametrize("power", [0.5, 1.0])
def test_the_metric_is_a_power_of_the_outer_product_over_its_largest_entry(kernel: Experiment, power: float) -> None:
    experiment = changed(kernel, f"optimizer.power={power}")
    before, after = (trained_to(experiment, step).trainer for step in (3, 4))
    metric, learned = (
        metric_of(*(one.trainable.weights[name] for name in ("left", "cross", "right"))) for one in (before, after)
    )
    assert isinstance(experiment.model, KernelModel)
    tokens = torch.from_numpy(before.dataset.train.operands)
    outer = average_outer_product(
        ThreadPool(before.trainable.network), experiment.model, metric, tokens, before.trainable.weights["coefficients"]
    )
    expected = torch.linalg.matrix_power(learned, round(1 / power))
    torch.testing.assert_close(expected / expected.max(), outer / outer.max(), rtol=1e-9, atol=1e-9)
    assert learned.max() == 1.0
    assert float(torch.linalg.eigvalsh(learned).min()) > -1e-12


def test_a_kernel_interpolates_at_every_step(kernel: Experiment) -> None:
    for evaluated in finish(started(kernel)).every(Evaluated):
        assert evaluated.train_accuracy == 1.0
        assert evaluated.train_loss < 1e-15  # which float32 could not tell from zero


def test_a_kernel_groks_and_its_metric_becomes_circulant(kernel: Experiment) -> None:
    p = 23
    outcome = finish(started(changed(kernel, f"task.modulus={p}", "task.train_fraction=0.7", "training.steps=25")))
    accuracies = [evaluated.rows[0]["val_accuracy"] for evaluated in outcome.every(Evaluated)]
    assert accuracies[:5] == [0.0] * 5
    assert accuracies[-1] > 0.9
    cross = outcome.trainer.snapshot().layers["cross"].weights
    apart = np.subtract.outer(np.arange(p), np.arange(p)) % p
    centered = cross - cross.mean()
    rest = centered - np.array([centered[apart == k].mean() for k in range(p)])[apart]
    assert (rest**2).sum() < 0.05 * (centered**2).sum()


def test_a_run_counts_its_metric_and_its_coefficients_and_solves_for_the_whole_training_set(kernel: Experiment) -> None:
    trainer = started(kernel)
    (begun,) = (record for record in trainer.begin() if isinstance(record, Started))
    assert begun.n_parameters == 3 * 11**2 + 11**3
    assert single_of(trainer).optimizer_state == {}
    assert len(single_of(trainer)._batches.at(5)) == begun.n_train == 73


@pytest.mark.parametrize("swap", [Swap(train_fraction=0.2), Swap(seed=5), Swap(operation="subtract"), Swap(train_fraction=0.8)])
def test_a_swap_solves_for_the_new_training_set_under_the_learned_metric(kernel: Experiment, swap: Swap) -> None:
    trainer = trained_to(kernel, 4).trainer
    metric = {name: trainer.trainable.weights[name] for name in ("left", "cross", "right")}
    trainer.act(swap)
    torch.testing.assert_close({name: trainer.trainable.weights[name] for name in metric}, metric, rtol=0, atol=0)
    trained = trainer.trainable.weights["coefficients"].any(dim=-1).nonzero().tolist()
    assert sorted(trained) == sorted(trainer.dataset.train.operands.tolist())
    evaluated = [record for record in trainer.advance(1) if isinstance(record, Evaluated)]
    assert evaluated[0].train_accuracy == 1.0


@pytest.mark.parametrize("step", [0, 3, 5, 7])
def test_a_kernel_resumed_from_a_checkpoint_goes_on_to_the_same_numbers(kernel: Experiment, step: int, tmp_path: Path) -> None:
    experiment = changed(kernel, "interventions=[{ at_step = 5, swap = { train_fraction = 0.3 } }]")
    whole, halted = finish(started(experiment)), trained_to(experiment, step)
    name = save_checkpoint(tmp_path, step, halted.trainer.tensors(), experiment)
    resumed = started(experiment)
    resumed.restore(step, 0.0, load_checkpoint(tmp_path / name), halted.records)
    assert [*halted.facts, *finish(resumed).facts[1:]] == whole.facts
    assert_same_numbers(resumed, whole.trainer)


def test_the_number_of_threads_leaves_no_trace(kernel: Experiment) -> None:
    assert_same_numbers(finish(Trainer(kernel, threads=2)).trainer, finish(started(kernel)).trainer)


def test_what_cannot_be_solved_is_a_divergence_and_no_failure(kernel: Experiment) -> None:
    trainer = trained_to(kernel, 2).trainer
    trainer.trainable.weights["cross"].mul_(torch.nan)
    trainer.advance(3)
    assert trainer.ended == "diverged"


def test_other_answers_are_solved_for_at_once_and_the_kernel_itself_stays(kernel: Experiment) -> None:
    trainer = started(kernel)
    trainer.act(Set(values={"task.label_noise": 0.5}))
    assert_same_numbers(trainer, started(changed(kernel, "task.label_noise=0.5")))
    with pytest.raises(ConfigError) as refused:
        trainer.act(Set(values={"optimizer.ridge": 1.0}))
    assert str(refused.value) == "optimizer.ridge cannot be set while training: choose one of task.…, training.…"
