"""An accuracy is a number of equations divided by another, whatever measured it, so that it can be compared with a bound."""

import pytest

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.training import kinds
from grokterm.training.ensemble.vmapped import VmappedEnsemble
from tests.training.every_network import allow_everywhere, every_network, small, trainer_of
from tests.training.outcome import Outcome, changed, finish, started


def assert_shares_are_exact(outcome: Outcome) -> None:
    """Every accuracy is the double next to k / n, and some are neither 0 nor 1."""
    dataset, seen = outcome.trainer.dataset, set[float]()
    rows = [row for evaluated in outcome.every(Evaluated) for row in evaluated.rows]
    for n, name in ((len(dataset.train), "train_accuracy"), (len(dataset.val), "val_accuracy")):
        shares = [row[name] for row in rows]
        assert shares == [round(share * n) / n for share in shares]
        seen.update(shares)
    assert seen - {0.0, 1.0}


@every_network
@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_every_network_reports_exact_shares(architecture: str, precision: str) -> None:
    assert_shares_are_exact(finish(trainer_of(small(architecture, f"loss.precision={precision}"))))


@pytest.mark.parametrize("engine", ["fused", "graph", "eager"])
@pytest.mark.parametrize("settings", [(), ("optimizer.batch_size=20",)], ids=["whole", "minibatches"])
def test_every_engine_reports_exact_shares(
    tiny: Experiment, engine: str, settings: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_everywhere(monkeypatch, "graph")
    assert_shares_are_exact(finish(started(changed(tiny, f"training.engine={engine}", *settings))))


@pytest.mark.usefixtures("_members_here")
@pytest.mark.parametrize("is_stacked", [False, True], ids=["processes", "stacked"])
def test_every_member_reports_exact_shares(tiny: Experiment, monkeypatch: pytest.MonkeyPatch, *, is_stacked: bool) -> None:
    if is_stacked:
        monkeypatch.setattr(kinds, "ProcessEnsemble", VmappedEnsemble)
    assert_shares_are_exact(finish(started(changed(tiny, "training.members=3"))))
