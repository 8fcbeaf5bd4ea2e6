"""The table `[sweep]` of a preset."""

from pathlib import Path
from typing import Any

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.reading.presets import Preset
from grokterm.experiment.sweep import Sweep

AXIS = {"task.train_fraction": [0.3, 0.5]}


def test_an_axis_may_be_a_list_or_a_range() -> None:
    sweep = Sweep.from_settings({"grid": {"task.train_fraction": "0.1:0.3:0.1", "optimizer.weight_decay": [0, 1]}})
    assert sweep.grid == {"task.train_fraction": (0.1, 0.2, 0.3), "optimizer.weight_decay": (0, 1)}
    assert sweep.n_points == 6


def test_settings_that_change_together_are_one_axis() -> None:
    sweep = Sweep.from_settings({"zipped": {"model.width": [1, 2, 3], "training.steps": [3, 2, 1]}, "grid": AXIS})
    assert sweep.n_points == 6


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"grid": {"a.b": []}}, "grid.a.b: has no values: list some"),
        ({"grid": {"a.b": [1, 1]}}, "names a value twice: 1, 1"),
        ({"zipped": {"a.b": [1, 2], "a.c": [1]}}, "a.b has 2, a.c has 1"),
        ({"grid": AXIS, "zipped": AXIS}, "task.train_fraction is more than one axis"),
        ({"grid": {"seed": [1, 2]}}, "seed is no axis"),
        ({"grid": AXIS, "variants": {"x": {"task.train_fraction": 0.1}}}, "variants.x changes task.train_fraction"),
        ({"grid": AXIS, "over": "model.width"}, "over must name an axis, task.train_fraction, not 'model.width'"),
        ({"search": {"along": "a.b", "between": [2, 1], "tolerance": 0.1}}, "the lower value first"),
        ({"expect": [{"where": {"a.b": 1}, "within": [0, 1]}]}, "evidence must say where the expectations come from"),
        ({"evidence": "S", "expect": [{"where": {"a.b": 1}, "within": "never"}]}, "val_accuracy cannot be never"),
        ({"evidence": "S", "expect": [{"where": {"a.b": 1}, "within": [1, 0]}]}, "within must be [low, high], not [1.0, 0.0]"),
        ({"seeds": 0}, "seeds must be at least 1"),
        ({"sedes": 8}, "did you mean 'seeds'?"),
    ],
)
def test_a_wrong_sweep_is_refused_in_a_line(table: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        Sweep.from_settings(table)
    assert said in str(refused.value).replace('"', "")
    assert "\n" not in str(refused.value)


def test_a_preset_with_a_sweep_is_an_experiment_as_well(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    preset = Preset("x", path, "[training]\nsteps = 7\n[sweep]\nseeds = 3\n")
    assert preset.experiment.training.steps == 7
    assert preset.sweep is not None
    assert preset.sweep.seeds == 3
    assert Preset("y", path, "[training]\nsteps = 7\n").sweep is None
