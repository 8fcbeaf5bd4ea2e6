"""A partner makes steps faster and changes no bit of them; and what happens to it happens to nobody else."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import pytest
import torch

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.training.ensemble.crew import Crew
from grokterm.training.fit import Fit
from grokterm.training.fused import partner as partners
from grokterm.training.fused import written_out
from grokterm.training.fused.partner import ASLEEP, BEGUN, Partner, is_possible
from grokterm.training.fused.written_out import WrittenOut
from tests.training.outcome import changed

pytestmark = pytest.mark.skipif(not is_possible(), reason="needs Linux on x86 and a second core")

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small steps are helped with, from the first on, however busy the machine is."""
    monkeypatch.setattr(written_out, "FEWEST_ROWS", 10)
    monkeypatch.setattr(written_out, "BLOCK_ACTIVATIONS", 100 * 128)
    monkeypatch.setattr(written_out, "WORTH_SHARING", 0)
    monkeypatch.setattr(written_out, "REPEATS", 1)
    monkeypatch.setattr(partners, "PATIENCE", 60.0)


def partner_of(fit: Fit) -> Partner:
    assert isinstance(fit._calculus, WrittenOut)
    assert fit._calculus._partner is not None
    return fit._calculus._partner


def until(holds: Callable[[], bool], fit: Fit | None = None) -> None:
    end = monotonic() + 60
    while not holds():
        assert monotonic() < end
        if fit:
            fit.update()
        else:
            sleep(0.001)


def helped(experiment: Experiment) -> Fit:
    """Train until a partner works on every step."""
    fit = Fit(experiment, CPU)
    fit.update()
    until(lambda: partner_of(fit)._common.notes[BEGUN] > 0, fit)
    return fit


def unhelped(experiment: Experiment, n_steps: int) -> Fit:
    """Train without a partner."""
    fit = Fit(experiment, CPU)
    fit.rest()
    for _ in range(n_steps):
        fit.update()
    return fit


def assert_same_bits(fit: Fit, experiment: Experiment) -> None:
    expected = unhelped(experiment, fit.step).tensors()
    assert all(torch.equal(value, expected[name]) for name, value in fit.tensors().items())


@pytest.mark.parametrize("setting", ["model.activation=quadratic", "loss.kind=cross_entropy", "model.frozen=['first']"])
def test_steps_are_the_same_with_it_and_without(grokking: Experiment, setting: str) -> None:
    experiment = changed(grokking, setting)
    fit = helped(experiment)
    notes = partner_of(fit)._common.notes
    before = notes[BEGUN]
    for _ in range(50):
        fit.update()
    assert notes[BEGUN] > before
    assert_same_bits(fit, experiment)


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_it_measures_its_share(grokking: Experiment, precision: str) -> None:
    experiment = changed(grokking, f"loss.precision={precision}")
    fit = helped(experiment)
    alone = unhelped(experiment, fit.step)
    for _ in range(20):
        ours, theirs = fit.update(measuring=True), alone.update(measuring=True)
        assert ours is not None
        assert theirs is not None
        assert ours.dtype == theirs.dtype
        assert torch.equal(ours, theirs)


def test_a_partner_that_dies_takes_nothing_with_it(grokking: Experiment) -> None:
    fit = helped(grokking)
    os.kill(partner_of(fit).process_id, signal.SIGKILL)
    for _ in range(20):
        fit.update()
    assert_same_bits(fit, grokking)


def test_one_that_is_late_is_not_waited_for(grokking: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    fit = helped(grokking)
    monkeypatch.setattr(partners, "PATIENCE", 0.0)
    for _ in range(50):
        fit.update()
    assert_same_bits(fit, grokking)


def test_it_sleeps_while_nobody_asks_and_wakes_when_asked(grokking: Experiment) -> None:
    fit = helped(grokking)
    notes = partner_of(fit)._common.notes
    for _ in range(3):
        until(lambda: notes[ASLEEP] == 1)
        asleep_at = notes[BEGUN]
        until(lambda: notes[BEGUN] > asleep_at + 1, fit)  # noqa: B023 - called at once
    assert_same_bits(fit, grokking)


def test_another_dataset_gets_another_partner(grokking: Experiment) -> None:
    fit = helped(grokking)
    before = partner_of(fit)
    fit.swap(Swap(train_fraction=0.5), grokking)
    fit.update()
    assert partner_of(fit) is not before


def test_where_there_is_no_room_for_one_the_training_goes_on(grokking: Experiment, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    fit = Fit(grokking, CPU)
    for _ in range(5):
        fit.update()
    assert isinstance(fit._calculus, WrittenOut)
    assert fit._calculus._partner is None
    assert len(list(descriptors.iterdir())) == before


def test_it_ends_with_the_training(grokking: Experiment) -> None:
    fit = helped(grokking)
    end = partner_of(fit).end
    fit.rest()
    assert not end.alive
    fit.update()
    assert isinstance(fit._calculus, WrittenOut)
    assert fit._calculus._partner is None


def test_members_of_a_pool_have_none(grokking: Experiment) -> None:
    crew = Crew(changed(grokking, "training.members=2"), [0, 1], None)
    crew.advance(5, [], keeping=False)
    calculi = [fit._calculus for fit in crew._fits.values()]
    assert all(isinstance(one, WrittenOut) and one._partner is None for one in calculi)
