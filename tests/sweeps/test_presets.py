"""The sweeps that ship, before anything of them is trained."""

from pathlib import Path

import pytest

from grokterm.experiment.reading.presets import Preset, find_preset, list_presets
from grokterm.sweeps.definition import Changes, Definition, define
from grokterm.sweeps.members import Point, experiment_at, members_of
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.verification import check_of

SWEEPS = [preset for preset in list_presets() if preset.sweep is not None]

SWAP = "interventions[0].swap.train_fraction"


def definition(name: str) -> Definition:
    return define(name, Path("runs"), Changes())


@pytest.mark.parametrize("preset", SWEEPS, ids=lambda preset: preset.name)
def test_every_point_is_an_experiment_and_every_expectation_is_about_one(preset: Preset) -> None:
    found = definition(preset.name)
    if found.sweep.search is None:
        made = members_of(found.settings, found.sweep)
        assert len({member.key for member in made}) == found.n_members
    else:
        made = SearchPlan(found.settings, found.sweep).next_members({})
    assert made
    check = check_of(found)
    assert check is None or check.wanted


@pytest.mark.parametrize(
    ("sweep", "values", "variant", "preset"),
    [
        ("sweep-report-fig2-3", {"task.train_fraction": 0.3}, "transformer", "report-transformer-30"),
        ("sweep-report-fig2-3", {"task.train_fraction": 0.7}, "lstm", "report-lstm-70"),
        ("sweep-report-fig7", {SWAP: 0.02}, "transformer", "report-ungrok-transformer-2"),
        ("sweep-report-fig7", {SWAP: 0.1}, "lstm", "report-ungrok-lstm-10"),
        ("sweep-report-fig7", {SWAP: 0.02}, "perceptron", "report-ungrok-mlp-2"),
        ("sweep-report-fig8", {SWAP: 0.1, "optimizer.weight_decay": 0.1}, "", "report-ungrok-mlp-10"),
    ],
)
def test_a_point_is_the_preset_of_its_figure(sweep: str, values: dict[str, float], variant: str, preset: str) -> None:
    found = definition(sweep)
    words = {"title": "", "source": "", "expect": None}
    at_point = experiment_at(Point(values, variant), found.settings, found.sweep)
    assert at_point.model_copy(update=words) == find_preset(preset).experiment.model_copy(update=words)
