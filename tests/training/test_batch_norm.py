"""Networks with batch normalization, trained."""

from itertools import cycle

import pytest
import torch

from grokterm.engines.batches import to_device
from grokterm.engines.evaluation import evaluate
from grokterm.engines.thread_pool import ThreadPool
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.models.network import Network
from grokterm.optim.losses import LOSSES
from grokterm.training.trainer import Trainer
from tests.training.outcome import assert_same_numbers, changed, finish, single_of, started, trained_to
from tests.training.test_restore import restored

BATCH_NORM = ("model.normalization=batch", "model.depth=2", "model.scaling=standard", "optimizer.weight_decay=0.0")


@pytest.fixture
def normalized(eventful: Experiment) -> Experiment:
    """Minibatches, of which the last one of an epoch is smaller, and training sets that are swapped."""
    return changed(eventful, *BATCH_NORM)


def test_a_normalized_network_learns(tiny: Experiment) -> None:
    end = finish(started(changed(tiny, *BATCH_NORM))).every(Evaluated)[-1]
    assert end.train_accuracy == 1.0


@pytest.mark.parametrize("step", [0, 1, 13, 19, 30, 44])
def test_a_restored_run_needs_no_statistics(normalized: Experiment, step: int) -> None:
    whole, halted = finish(started(normalized)), trained_to(normalized, step)
    resumed = finish(restored(normalized, halted))
    assert [*halted.facts, *resumed.facts[1:]] == whole.facts
    assert_same_numbers(resumed.trainer, whole.trainer)


def test_chunks_leave_no_trace_in_a_normalized_network(normalized: Experiment) -> None:
    whole, in_chunks = finish(started(normalized)), finish(started(normalized), cycle([1, 9, 2]))
    assert in_chunks.facts == whole.facts
    assert_same_numbers(in_chunks.trainer, whole.trainer)


def test_a_normalized_network_does_not_depend_on_threads_or_blocks(
    normalized: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = finish(Trainer(normalized, threads=1))
    monkeypatch.setattr(Network, "cpu_block_rows", 7)
    alone, shared = (finish(Trainer(normalized, threads=n_threads)) for n_threads in (1, 3))
    assert_same_numbers(alone.trainer, whole.trainer)
    assert_same_numbers(shared.trainer, whole.trainer)
    assert shared.facts[1:] == alone.facts[1:]


def test_after_a_swap_the_statistics_are_those_of_the_new_training_set(normalized: Experiment) -> None:
    outcome = trained_to(normalized, 15)  # swapped at 13, measured at 15
    trainer = outcome.trainer
    assert len(trainer.dataset.train) == 36
    pool, cpu = ThreadPool(trainer.trainable.network), torch.device("cpu")
    train, val = (to_device(side, trainer.trainable.network, cpu) for side in (trainer.dataset.train, trainer.dataset.val))
    weights = trainer.trainable.weights
    values = weights | single_of(trainer)._evaluator.statistics(weights)
    last = outcome.every(Evaluated)[-1]
    assert last.step == 15
    assert last.train_loss == pytest.approx(float(evaluate(pool, values, LOSSES["mse"], train)[0]))
    assert last.val_loss == pytest.approx(float(evaluate(pool, values, LOSSES["mse"], val)[0]))


def test_other_networks_are_measured_with_their_weights_alone(tiny: Experiment) -> None:
    trainer = started(tiny)
    assert single_of(trainer)._evaluator.statistics(trainer.trainable.weights) == {}
