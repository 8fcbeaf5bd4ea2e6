"""What changed experiments are called."""

from pathlib import Path

import pytest

from grokterm.experiment.reading.presets import Preset, find_preset, list_presets
from grokterm.runs.naming import named
from grokterm.runs.store import without_time
from tests.tui.driving import BRIEF


@pytest.mark.parametrize(
    ("preset", "changes", "name", "title"),
    [
        ("liu-essay", ["optimizer.weight_decay=0.3"], "liu-essay-weight_decay-0.3", "liu-essay, but weight_decay=0.3"),
        (
            "gromov-gd",
            ["model.architecture=lstm", "optimizer.kind=adamw", "optimizer.learning_rate=1e-3"],
            "gromov-gd-lstm-adamw",
            "gromov-gd, but architecture=lstm, kind=adamw",
        ),
        (
            "quick",
            ["seed=2", "task.modulus=31", "task.train_fraction=0.3", "optimizer.learning_rate=1e6"],
            "quick-modulus-31-train_fraction-0.3-learning_rate-1e6+",
            "quick, but modulus=31, train_fraction=0.3, learning_rate=1e6, seed=2",
        ),
        (
            "quick",
            ["task.operation=expression", "task.expression=a**2 + b"],
            "quick-expression-a-2-b",
            "quick, but operation=expression, expression=a**2 + b",
        ),
        ("quick", ["title=Mine", "training.members=8"], "quick-members-8", "Mine"),
        (
            "gromov-gd",
            ["optimizer.kind=muon", "optimizer.other_learning_rate=1.25e-3"],
            "gromov-gd-muon-other_learning_ra-0.00125",
            "gromov-gd, but kind=muon, other_learning_rate=0.00125",
        ),
        ("quick", ["seed=1"], "quick-seed-1", find_preset("quick").experiment.title),
        ("quick", ["device=cpu"], "quick", find_preset("quick").experiment.title),
    ],
)
def test_a_changed_experiment_is_called_by_what_differs(preset: str, changes: list[str], name: str, title: str) -> None:
    found = find_preset(preset)
    chosen = named(found.overridden(changes).experiment, found)
    assert (chosen.name, chosen.experiment.title, chosen.preset) == (name, title, preset)


def test_presets_without_changes_keep_name_and_title() -> None:
    for preset in list_presets():
        chosen = named(preset.experiment, preset)
        assert chosen.experiment is preset.experiment
        assert chosen.name == preset.name


def test_a_run_that_is_changed_still_follows_its_preset() -> None:
    run = Preset("quick-seed-1-20261129-052327", Path("experiment.toml"), BRIEF, followed="quick")
    chosen = named(run.overridden(["task.modulus=13"]).experiment, run)
    assert (chosen.preset, chosen.name) == ("quick", "quick-seed-1-modulus-13")
    assert named(run.experiment, run).preset == "quick"


def test_a_value_is_safe_in_the_name_of_a_folder() -> None:
    preset = Preset("tried", Path("tried.toml"), BRIEF)
    changes = ["task.operation=expression", "task.expression=(a + b)**2 + 3*a**2*b + 5*a*b**2"]
    name = named(preset.overridden(changes).experiment, preset).name
    assert set("/ *()").isdisjoint(name)
    assert len(name) < 60


def test_a_preset_that_changes_have_made_valid_keeps_its_name() -> None:
    preset = Preset("tried", Path("tried.toml"), BRIEF.replace("modulus = 11", "modulus = 1"))
    assert named(preset.overridden(["task.modulus=13"]).experiment, preset).name == "tried"


def test_the_time_is_no_part_of_what_an_experiment_is_called() -> None:
    assert [without_time(name) for name in ("quick", "quick-20261129-052327", "quick-seed-1-20261129-052327-2")] == [
        "quick",
        "quick",
        "quick-seed-1",
    ]
