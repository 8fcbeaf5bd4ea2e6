"""Training on the whole table: nothing is held out, and nothing is measured of it."""

from math import isfinite, nan

import pytest
import torch

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted, Finished, Reached, Started
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.training.every_network import every_network, small, trainer_of
from tests.training.outcome import Outcome, changed, finish, started

WHOLE = ["task.train_fraction=1.0", "training.steps=100"]
SMALLER = "interventions=[{ at_step = 60, swap = { train_fraction = 0.1 } }]"


@pytest.fixture
def whole(grokking: Experiment) -> Experiment:
    """A whole table that is learned in some tens of steps."""
    return changed(grokking, *WHOLE)


def numbers(outcome: Outcome) -> list[float]:
    """List every number of a training that was measured."""
    return [value for evaluated in outcome.every(Evaluated) for row in evaluated.rows for value in row.values()]


@every_network
def test_any_network_learns_a_whole_table_without_a_number_of_validation(architecture: str) -> None:
    outcome = finish(trainer_of(small(architecture, "task.train_fraction=1.0")))
    begun, evaluated = outcome.every(Started)[0], outcome.every(Evaluated)
    assert (begun.n_train, begun.n_val, begun.n_seen) == (49, 0, 0)
    assert len(evaluated) > 1
    assert all(isfinite(number) for number in numbers(outcome))
    assert {name for one in evaluated for name in one.rows[0]} == {"train_loss", "train_accuracy", "parameter_norm"}
    assert "NaN" not in "".join(one.model_dump_json() for one in evaluated)


@pytest.mark.parametrize("engine", ["eager", "fused"])
def test_a_whole_table_is_memorized_and_never_grokked(whole: Experiment, engine: str) -> None:
    outcome = finish(started(changed(whole, f"training.engine={engine}")))
    assert [reached.milestone for reached in outcome.every(Reached)] == ["memorized"]
    assert outcome.every(Finished)[0].reason == "complete"
    last = outcome.every(Evaluated)[-1]
    assert (last.train_accuracy, last.val_accuracy, last.val_loss) == (1.0, None, None)


def test_what_leaves_a_whole_table_is_measured_as_seen_and_forgotten(whole: Experiment) -> None:
    outcome = finish(started(changed(whole, SMALLER, "training.steps=400")))
    acted, last = outcome.every(Acted)[0], outcome.every(Evaluated)[-1]
    assert (acted.n_train, acted.n_val, acted.n_seen) == (53, 0, 529 - 53)
    assert set(last.rows[0]) == {"train_loss", "train_accuracy", "parameter_norm", "seen_loss", "seen_accuracy"}
    assert last.rows[0]["seen_accuracy"] < 0.5
    assert [reached.milestone for reached in outcome.every(Reached)] == ["memorized", "memorized"]


@pytest.mark.usefixtures("_members_here")
def test_members_learn_a_whole_table_as_they_do_alone(whole: Experiment) -> None:
    outcome = finish(started(changed(whole, SMALLER, "training.members=3")))
    alone = finish(started(changed(whole, SMALLER, "seed=2")))
    last = outcome.every(Evaluated)[-1]
    assert last.val_accuracy is None
    assert last.rows[2] == alone.every(Evaluated)[-1].rows[0]
    assert [record for record in outcome.every(Evaluated) if record.val_loss is not None] == []


def test_members_stacked_measure_nothing_of_validation(whole: Experiment) -> None:
    together = VmappedEnsemble(changed(whole, "training.members=2"), torch.device("cpu"))
    measured = together.measure().numbers
    alone = started(changed(whole, "seed=1")).trainable.measure().numbers
    torch.testing.assert_close(measured[1], alone, equal_nan=True)
    members = Evaluated.of(0, measured.tolist()).members
    assert members is not None
    assert set(members) == {"train_loss", "train_accuracy", "parameter_norm"}


def test_a_member_that_diverged_does_not_count_though_there_is_no_validation() -> None:
    both = Evaluated.of(0, [[0.5, 1.0, nan, nan], [nan, 0.0, nan, nan]])
    assert (both.train_loss, both.train_accuracy, both.val_loss, both.val_accuracy) == (0.5, 1.0, None, None)
