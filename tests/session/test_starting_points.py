"""A run that begins with the weights of another, and needs it no more."""

import shutil
from pathlib import Path

import pytest
import torch

from grokterm.errors import ConfigError, RunNotFoundError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.differences import differences
from grokterm.runs.replay import trainer_at
from grokterm.runs.results.metrics import RunMetrics
from grokterm.runs.results.norms import Norms
from grokterm.runs.store import Run
from grokterm.session.start import resume_session, start_session
from tests.session.driving import Driver
from tests.training.outcome import assert_same_numbers, changed


@pytest.fixture
def first(tiny: Experiment, tmp_path: Path) -> Run:
    """A run with checkpoints at steps 20 and 60."""
    driver = Driver(start_session(changed(tiny, "training.checkpoint_at=[20]"), tmp_path / "runs", "first"))
    driver.train()
    return driver.session.run


def begun(experiment: Experiment, tmp_path: Path) -> Driver:
    return Driver(start_session(experiment, tmp_path / "runs", "second"))


@pytest.mark.parametrize("step", [20, 60, None])
def test_a_run_begins_with_the_weights_of_another_at_a_step(
    step: int | None, first: Run, tiny: Experiment, tmp_path: Path
) -> None:
    name = first.name if step is None else f"{first.name}@{step}"
    driver = begun(changed(tiny, "seed=5", f"model.start_from={name}"), tmp_path)
    before = trainer_at(first, step or 60)
    torch.testing.assert_close(driver.session.trainer.trainable.weights, before.trainable.weights, rtol=0, atol=0)
    assert driver.session.run.meta["started_from"] == name
    of_its_own = begun(tiny, tmp_path).session.run
    assert list(differences([of_its_own, driver.session.run]))[1]["model.start_from"] == name
    assert 'start_from = "files/start_from/step-' in (driver.session.run.path / "experiment.toml").read_text("utf-8")


def test_what_a_run_began_with_is_its_own(first: Run, tiny: Experiment, tmp_path: Path) -> None:
    experiment = changed(tiny, "seed=5", f"model.start_from={first.name}@20", "optimizer.decay_to=init")
    whole = begun(experiment, tmp_path)
    whole.train()
    whole.leave()
    norm = float(torch.cat([value.flatten() for value in trainer_at(first, 20).trainable.weights.values()]).norm())
    shutil.rmtree(first.path)
    run = Run((tmp_path / "runs").rename(tmp_path / "moved") / whole.session.run.name)
    for path in run.checkpoints.iterdir():
        path.unlink()
    resumed, _ = resume_session(run)
    Driver(resumed).train()
    assert_same_numbers(resumed.trainer, whole.session.trainer)
    metrics = RunMetrics(run, 0, Norms(run))
    assert metrics.inspected.parameter_norm == pytest.approx(norm)
    assert metrics.value("norm_growth") == pytest.approx(1.0)


def test_a_step_without_a_checkpoint_is_refused_with_those_that_have_one(first: Run, tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        begun(changed(tiny, f"model.start_from={first.name}@30"), tmp_path)
    message = str(refused.value)
    assert message.startswith(f"model.start_from: run {first.name} has no checkpoint at step 30: choose one of ")
    assert "20, " in message
    assert message.endswith("60, or train it again with training.checkpoint_at")


def test_a_run_that_does_not_exist_or_has_no_checkpoint_is_refused(first: Run, tiny: Experiment, tmp_path: Path) -> None:
    with pytest.raises(RunNotFoundError, match="no run is called 'frist'"):
        begun(changed(tiny, "model.start_from=frist@20"), tmp_path)
    shutil.rmtree(first.checkpoints)
    with pytest.raises(ConfigError, match="has no checkpoint: train it again"):
        begun(changed(tiny, f"model.start_from={first.name}"), tmp_path)
