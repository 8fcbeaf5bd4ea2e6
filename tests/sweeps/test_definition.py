"""What the command line makes of a preset, or of a sweep that is there."""

from pathlib import Path
from typing import Any

import pytest

from grokterm.errors import ConfigError, GroktermError, RunNotFoundError
from grokterm.sweeps.definition import Changes, Definition, define
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.result import Result

FRACTIONS = ("task.train_fraction=0.3,0.5",)

PRESET = """
[training]
steps = 6
[sweep]
seeds = 2
[sweep.grid]
"task.train_fraction" = [0.3, 0.5]
"model.width" = [8, 16]
"""


@pytest.fixture
def preset(tmp_path: Path) -> str:
    """A preset that is a sweep already."""
    path = tmp_path / "small.toml"
    path.write_text(PRESET)
    return str(path)


def of(source: str, *, name: str | None = None, **changes: Any) -> Definition:  # noqa: ANN401 - what Changes takes
    return define(source, Path("runs"), Changes(**changes), name)


def test_weights_of_a_run_that_there_is_not_are_refused_before_anything_runs(tmp_path: Path) -> None:
    preset = tmp_path / "from.toml"
    preset.write_text('[model]\narchitecture = "mlp"\nstart_from = "nowhere"\n[sweep]\nseeds = 2')
    with pytest.raises(RunNotFoundError, match=r"no run is called 'nowhere'"):
        of(str(preset))


def test_any_preset_becomes_a_sweep_with_axes_and_seeds() -> None:
    asked = of("quick", grid=FRACTIONS, seeds=3, assignments=["training.steps=5"], measure="grokked_at")
    assert (asked.name, asked.preset, asked.n_members) == ("quick-sweep", "quick", 6)
    assert asked.sweep.grid == {"task.train_fraction": (0.3, 0.5)}
    assert asked.settings["training"]["steps"] == 5
    assert asked.sweep.measure == "grokked_at"
    assert asked.notes == ()


def test_what_the_command_line_says_takes_the_place_of_what_the_preset_says(preset: str) -> None:
    assert of(preset).name == "small"
    asked = of(preset, grid=["model.width=4"], zipped=["task.train_fraction=0.2,0.4"], seeds=1, name="mine")
    assert asked.name == "mine"
    assert asked.sweep.grid == {"model.width": (4,)}
    assert asked.sweep.zipped == {"task.train_fraction": (0.2, 0.4)}
    assert asked.n_members == 2


def test_a_sweep_that_is_there_goes_on_by_its_name_with_more_seeds() -> None:
    first = of("quick", grid=FRACTIONS)
    keep_sweep(first.folder, first.name, first.preset, first.settings, first.sweep)
    asked = of("quick-s", seeds=4)
    assert (asked.name, asked.preset, asked.n_members) == ("quick-sweep", "quick", 8)
    assert asked.settings == first.settings
    with pytest.raises(ConfigError, match="keeps its name"):
        of("quick-sweep", name="other")
    with pytest.raises(ConfigError, match="`grokterm sweep quick-sweep` goes on with the one that is there"):
        of("quick")


def test_another_sweep_of_a_preset_does_not_take_the_folder_of_one_that_has_results() -> None:
    first = of("quick", grid=FRACTIONS, assignments=["training.steps=5"])
    sweep = keep_sweep(first.folder, first.name, first.preset, first.settings, first.sweep)
    over_decay: dict[str, Any] = {"grid": ["optimizer.weight_decay=1,2"], "assignments": ["training.steps=5"]}
    assert of("quick", **over_decay).name == "quick-sweep"
    sweep.keep_result(Result(key="0"))
    with pytest.raises(ConfigError, match=r"is swept over task.train_fraction, not over optimizer.weight_decay: choose"):
        of("quick", **over_decay)
    with pytest.raises(ConfigError, match=r"has training.steps 5, not 200"):
        of("quick", grid=FRACTIONS)
    assert of("quick", **over_decay, name="decay").name == "decay"
    assert of("quick", grid=["task.train_fraction=0.9"], seeds=3, assignments=["training.steps=5", "device=cpu"]).n_members == 3
    assert of("quick-sweep", assignments=["training.steps=6"]).settings["training"]["steps"] == 6


def test_ten_million_members_are_counted_without_being_made() -> None:
    asked = of("quick", grid=["optimizer.weight_decay=0:1:0.0001"], seeds=1000)
    assert asked.n_members == 10_001_000


@pytest.mark.parametrize(
    ("source", "changes", "said"),
    [
        ("quik", {}, "no preset and no sweep is called 'quik': did you mean 'quick'"),
        ("quick", {}, "nothing is varied: give axes or seeds"),
        ("quick", {"grid": ["task.train_fractoin=0.2"]}, "did you mean 'train_fraction'"),
        ("quick", {"grid": ["task.train_fraction"]}, "--grid wants NAME=VALUES"),
        ("quick", {"grid": ["task.train_fraction="]}, "axis task.train_fraction: has no values"),
        ("quick", {"zipped": ["task.train_fraction=0.9:0.1:0.1"]}, "axis task.train_fraction: '0.9:0.1:0.1' is no range"),
        ("quick", {"grid": (*FRACTIONS, *FRACTIONS)}, "--grid task.train_fraction is given twice"),
        ("quick", {"grid": FRACTIONS, "name": "a/b"}, "without a slash"),
        ("quick", {"grid": FRACTIONS, "name": ""}, "without a slash, not ''"),
        ("quick", {"grid": FRACTIONS, "measure": "grokked"}, "'grokked' is none: did you mean 'grokked_at'"),
        ("quick", {"grid": FRACTIONS, "measure": "grokked_at", "at": "memorized"}, "at memorized of the network"),
        ("quick", {"grid": FRACTIONS, "over": "model.width"}, "over must name an axis, task.train_fraction"),
        ("quick", {"grid": FRACTIONS, "assignments": ["task.train_fraction=0.2"]}, "one value of it has no effect"),
        ("quick", {"seeds": 2, "assignments": ["training.members=2"]}, "leave out training.members"),
        ("quick", {"grid": ["device=cpu,cuda"]}, "device is no axis"),
    ],
)
def test_what_makes_no_sweep_is_refused(source: str, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(GroktermError) as refused:
        of(source, **changes)
    assert said in str(refused.value)
    assert not Path("runs").exists()


def test_what_is_expected_does_not_outlive_another_grid_or_measure(tmp_path: Path) -> None:
    assert define("sweep-report-fig2-3", tmp_path, Changes(seeds=2)).sweep.expect
    assert not define("sweep-report-fig2-3", tmp_path, Changes(measure="val_accuracy")).sweep.expect
    assert not define("sweep-report-fig2-3", tmp_path, Changes(grid=["task.train_fraction=0.2,0.4"])).sweep.expect
