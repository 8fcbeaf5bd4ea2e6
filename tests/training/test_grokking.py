import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from tests.training.outcome import changed, finish, started

UNGROK = 'interventions=[{ when = "grokked", swap = { train_fraction = 0.04 } }]'


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_network_memorizes_first_and_groks_later(grokking: Experiment, seed: int) -> None:
    outcome = finish(started(changed(grokking, f"seed={seed}")))
    memorized, grokked = outcome.reached_at("memorized"), outcome.reached_at("grokked")
    assert memorized is not None
    assert grokked is not None
    assert 10 <= memorized < 30 < grokked <= 80
    at_memorization = next(one for one in outcome.every(Evaluated) if one.step == memorized)
    assert at_memorization.rows[0]["val_accuracy"] < 0.5
    assert outcome.reached_at("ungrokked") is None


def test_with_little_of_the_table_left_a_network_forgets_the_rule(grokking: Experiment) -> None:
    outcome = finish(started(changed(grokking, UNGROK, "training.steps=200")))
    grokked, ungrokked = outcome.reached_at("grokked"), outcome.reached_at("ungrokked")
    assert grokked is not None
    assert ungrokked is not None
    assert ungrokked > grokked
    last = outcome.every(Evaluated)[-1]
    assert last.rows[0]["val_accuracy"] < 0.2
    assert last.train_accuracy == 1.0


def test_a_random_table_is_memorized_and_never_grokked(grokking: Experiment) -> None:
    outcome = finish(started(changed(grokking, "task.operation=random", "model.width=400", "optimizer.weight_decay=0.1")))
    assert outcome.reached_at("memorized") is not None
    assert outcome.reached_at("grokked") is None
    assert outcome.every(Evaluated)[-1].rows[0]["val_accuracy"] < 0.15


def test_random_features_do_not_grok(grokking: Experiment) -> None:
    outcome = finish(started(changed(grokking, 'model.frozen=["first"]')))
    assert outcome.reached_at("grokked") is None


@pytest.mark.parametrize("operation", ["subtract", "multiply", "divide", "sum_of_squares"])
def test_other_operations_grok_too(grokking: Experiment, operation: str) -> None:
    outcome = finish(started(changed(grokking, f"task.operation={operation}", "model.width=256", "training.steps=200")))
    assert outcome.reached_at("grokked") is not None
