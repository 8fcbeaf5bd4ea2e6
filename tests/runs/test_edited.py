from pathlib import Path

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Set
from grokterm.runs.replay import trainer_at
from grokterm.runs.store import Run
from grokterm.session.start import resume_session, start_session
from tests.session.driving import Driver, with_settings


def stopped(experiment: Experiment, folder: Path) -> Run:
    """Train 20 steps, and set another learning rate there."""
    driver = Driver(start_session(experiment, folder, "tiny"))
    driver.pause_at(20)
    driver.tell(Set(values={"optimizer.learning_rate": 5e-3}))
    driver.leave()
    return driver.session.run


def edited(run: Run, before: str, after: str) -> Run:
    file = run.path / "experiment.toml"
    text = file.read_text("utf-8")
    assert text.count(before) == 1
    file.write_text(text.replace(before, after), "utf-8")
    return Run(run.path)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("seed = 0\ndevice", "seed = 7\ndevice", "seed = 0, and its experiment.toml says 7"),
        ("weight_decay = 1.0", "weight_decay = 0.1", "optimizer.weight_decay = 1.0, and its experiment.toml says 0.1"),
        ("modulus = 11", "modulus = 13", "task.modulus = 11, and its experiment.toml says 13"),
        ('= "add"', '= "multiply"', 'task.operation = "add", and its experiment.toml says "multiply"'),
    ],
)
def test_settings_edited_by_hand_are_neither_gone_on_with_nor_looked_at(
    before: str, after: str, said: str, tiny: Experiment, tmp_path: Path
) -> None:
    run = edited(stopped(tiny, tmp_path), before, after)
    with pytest.raises(ConfigError, match=said):
        resume_session(run, ())
    with pytest.raises(ConfigError, match=said):
        trainer_at(run)


def test_what_leaves_the_past_alone_may_be_edited(tiny: Experiment, tmp_path: Path) -> None:
    experiment = with_settings(tiny, optimizer={"schedule": "cosine"})
    run = edited(stopped(experiment, tmp_path), "steps = 60", "steps = 80")
    assert trainer_at(edited(run, 'title = "Tiny"', 'title = "Other"')).step == 20
