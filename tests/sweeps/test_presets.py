"""The sweeps that ship, before anything of them is trained."""

import pytest

from grokterm.experiment.presets import Preset, find_preset, list_presets
from grokterm.sweeps.members import Point, experiment_at, members_of
from grokterm.sweeps.search import SearchPlan

SWEEPS = [preset for preset in list_presets() if preset.sweep is not None]

SWAP = "interventions[0].swap.train_fraction"


@pytest.mark.parametrize("preset", SWEEPS, ids=lambda preset: preset.name)
def test_every_point_is_an_experiment_and_every_expectation_is_about_one(preset: Preset) -> None:
    settings, sweep = preset.settings, preset.sweep
    assert sweep is not None
    if sweep.search is not None:
        assert SearchPlan(settings, sweep).next_members({})
        return
    made = members_of(settings, sweep)
    assert len({member.key for member in made}) == sweep.n_points * sweep.seeds
    for one in sweep.expect:
        assert any(one.where.items() <= member.point.columns.items() for member in made), one


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
    found = find_preset(sweep)
    assert found.sweep is not None
    words = {"title": "", "source": "", "expect": None}
    at_point = experiment_at(Point(values, variant), found.settings, found.sweep)
    assert at_point.model_copy(update=words) == find_preset(preset).experiment.model_copy(update=words)
