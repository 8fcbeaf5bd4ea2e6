"""A mixture is made of saved runs, or trains what it is made of first."""

import shutil
from pathlib import Path

import pytest
import torch

from grokterm.errors import CheckpointError, ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.runs.checkpoint import save_checkpoint
from grokterm.runs.mixture_parts import find_parts, part_files
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.session.start import resume_session, start_session, start_untrained_parts
from tests.session.driving import Driver

PART = """
[task]
modulus = 11
train_fraction = {fraction}
split = "nested"
[model]
architecture = "mlp"
width = 24
scaling = "doshi"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
weight_decay = 1.0
[training]
steps = {steps}
"""
MIXTURE = """
[task]
modulus = 11
train_fraction = 0.3
split = "nested"
[model]
architecture = "mixture"
generalizer = "general"
memorizer = "memory"
[optimizer]
kind = "adamw"
learning_rate = 1e-2
[training]
steps = 30
"""


@pytest.fixture
def mixture(tmp_path: Path) -> Experiment:
    (tmp_path / "presets").mkdir()
    for name, fraction in (("general", 0.8), ("memory", 0.3)):
        (tmp_path / "presets" / f"{name}.toml").write_text(PART.format(fraction=fraction, steps=40))
    return Experiment.from_toml(MIXTURE)


@pytest.fixture
def trained(mixture: Experiment, tmp_path: Path) -> Experiment:
    """A mixture whose parts stand in the runs folder."""
    for part in start_untrained_parts(mixture, tmp_path / "runs"):
        Driver(part).train()
    return mixture


def test_what_no_run_shows_yet_is_trained_first(mixture: Experiment, tmp_path: Path) -> None:
    assert [preset.name for preset in find_parts(mixture, tmp_path / "runs").untrained] == ["general", "memory"]
    names = [part.run.name for part in start_untrained_parts(mixture, tmp_path / "runs")]
    assert [name.partition("-")[0] for name in names] == ["general", "memory"]


def test_what_was_trained_is_not_trained_again(trained: Experiment, tmp_path: Path) -> None:
    found = find_parts(trained, tmp_path / "runs")
    assert not found.untrained
    assert {role: run.meta["preset"] for role, run in found.runs.items()} == {"generalizer": "general", "memorizer": "memory"}


def test_a_preset_that_was_changed_is_trained_again(trained: Experiment, tmp_path: Path) -> None:
    (tmp_path / "presets" / "memory.toml").write_text(PART.format(fraction=0.3, steps=41))
    assert [preset.name for preset in find_parts(trained, tmp_path / "runs").untrained] == ["memory"]


def test_a_run_that_was_interrupted_shows_nothing(mixture: Experiment, tmp_path: Path) -> None:
    first = next(iter(start_untrained_parts(mixture, tmp_path / "runs")))
    first.trainer.end("interrupted")
    assert len(find_parts(mixture, tmp_path / "runs").untrained) == 2


def test_the_weights_of_the_parts_never_move(trained: Experiment, tmp_path: Path) -> None:
    session = start_session(trained, tmp_path / "runs", "mixture")
    before = {name: value.clone() for name, value in session.trainer.trainable.frozen.items()}
    Driver(session).train()
    assert session.trainer.trainable.weights["memorizer_weight"] != 0
    assert all(torch.equal(value, session.trainer.trainable.frozen[name]) for name, value in before.items())


def test_a_mixture_resumes_without_the_runs_it_was_made_of(trained: Experiment, tmp_path: Path) -> None:
    whole = start_session(trained, tmp_path / "runs", "whole")
    Driver(whole).train()
    halved = start_session(trained, tmp_path / "runs", "halved")
    halved.trainer.advance(limit=10)
    for run in find_parts(trained, tmp_path / "runs").runs.values():
        shutil.rmtree(run.path)
    resumed, _ = resume_session(halved.run)
    Driver(resumed).train()
    assert all(
        torch.equal(value, resumed.trainer.trainable.weights[name]) for name, value in whole.trainer.trainable.weights.items()
    )


def test_a_mixture_is_seen_at_any_step_without_the_runs_it_was_made_of(trained: Experiment, tmp_path: Path) -> None:
    session = start_session(trained, tmp_path / "runs", "mixture")
    Driver(session).train()
    for run in find_parts(trained, tmp_path / "runs").runs.values():
        shutil.rmtree(run.path)
    shutil.rmtree(session.run.checkpoints)
    assert trainer_at(session.run, 0).trainable.weights["memorizer_weight"] == 0
    again = trainer_at(session.run, session.trainer.step)
    assert all(torch.equal(value, again.tensors()[name]) for name, value in session.trainer.tensors().items())


def test_parts_are_found_by_the_name_of_a_run(trained: Experiment, tmp_path: Path) -> None:
    runs = find_parts(trained, tmp_path / "runs").runs
    settings = trained.settings()
    settings["model"]["generalizer"] = runs["memorizer"].name
    assert find_parts(Experiment.from_settings(settings), tmp_path / "runs").runs["generalizer"] == runs["memorizer"]


def test_a_part_that_does_not_exist_is_refused_in_one_line(mixture: Experiment, tmp_path: Path) -> None:
    settings = mixture.settings()
    settings["model"]["memorizer"] = "nobody"
    with pytest.raises(ConfigError, match=r"model.memorizer must be a run in .* or a preset, and neither is called 'nobody'"):
        start_session(Experiment.from_settings(settings), tmp_path / "runs", "mixture")


def test_a_mixture_of_mixtures_is_refused(mixture: Experiment, tmp_path: Path) -> None:
    (tmp_path / "presets" / "nested.toml").write_text(MIXTURE)
    settings = mixture.settings()
    settings["model"]["memorizer"] = "nested"
    with pytest.raises(ConfigError, match=r"model.memorizer: nested is a mixture itself"):
        start_session(Experiment.from_settings(settings), tmp_path / "runs", "mixture")


def test_an_ensemble_is_no_part(mixture: Experiment, tmp_path: Path) -> None:
    (tmp_path / "presets" / "several.toml").write_text("[training]\nmembers = 2\n")
    settings = mixture.settings()
    settings["model"]["memorizer"] = "several"
    with pytest.raises(ConfigError, match=r"model.memorizer: several is an ensemble: choose a run of a single network"):
        start_session(Experiment.from_settings(settings), tmp_path / "runs", "mixture")


def test_a_run_without_a_checkpoint_is_no_part(trained: Experiment, tmp_path: Path) -> None:
    run = find_parts(trained, tmp_path / "runs").runs["memorizer"]
    shutil.rmtree(Run(run.path).checkpoints)
    with pytest.raises(CheckpointError, match="has no checkpoint: train it again"):
        start_session(trained, tmp_path / "runs", "mixture")


def test_a_mixture_does_not_begin_before_its_parts(mixture: Experiment, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="preset general has to be trained first: grokterm run --preset general"):
        start_session(mixture, tmp_path / "runs", "mixture")


def test_a_checkpoint_of_another_network_is_no_part(trained: Experiment, tmp_path: Path) -> None:
    run = find_parts(trained, tmp_path / "runs").runs["memorizer"]
    save_checkpoint(run.checkpoints, 40, {"weights.left": torch.zeros(2, 2)}, run.experiment)
    with pytest.raises(CheckpointError, match=f"belongs to another network than experiment.toml of run {run.name}"):
        start_session(trained, tmp_path / "runs", "mixture")


def test_a_damaged_run_is_no_part_and_one_that_has_lost_a_file_is_not_copied(trained: Experiment, tmp_path: Path) -> None:
    runs = find_parts(trained, tmp_path / "runs").runs
    (runs["memorizer"].path / "meta.json").unlink()
    with pytest.raises(CheckpointError, match=r"cannot be read: No such file or directory: choose another model\.memorizer"):
        part_files(runs)
    runs["memorizer"].journal.write_text("{}\n{}\n")
    found = find_parts(trained, tmp_path / "runs")
    assert ([*found.runs], [one.name for one in found.untrained]) == (["generalizer"], ["memory"])


def test_a_part_that_diverged_is_refused(mixture: Experiment, tmp_path: Path) -> None:
    preset = tmp_path / "presets" / "memory.toml"
    preset.write_text(PART.format(fraction=0.3, steps=40).replace('"adamw"', '"gd"').replace("1e-2", "1e30"))
    for part in start_untrained_parts(mixture, tmp_path / "runs"):
        Driver(part).train()
    with pytest.raises(ConfigError, match=r"model\.memorizer: memory-.* diverged: choose another run"):
        start_session(mixture, tmp_path / "runs", "mixture")


def test_transformers_can_be_mixed(tmp_path: Path) -> None:
    (tmp_path / "presets").mkdir()
    network = 'architecture = "transformer"\npositions = "sinusoidal"\nd_model = 8'
    for name, fraction in (("general", 0.8), ("memory", 0.3)):
        text = PART.format(fraction=fraction, steps=2).replace('architecture = "mlp"\nwidth = 24\nscaling = "doshi"', network)
        (tmp_path / "presets" / f"{name}.toml").write_text(text)
    mixture = Experiment.from_toml(MIXTURE)
    for part in start_untrained_parts(mixture, tmp_path / "runs"):
        Driver(part).train()
    session = start_session(mixture, tmp_path / "runs", "mixture")
    Driver(session).train()
    assert session.trainer.ended == "complete"
