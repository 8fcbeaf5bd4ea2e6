"""The members of a sweep."""

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.members import Point, experiment_at, members_at, members_of, points

QUICK = find_preset("quick").settings


def test_every_value_is_crossed_with_every_other_and_every_variant() -> None:
    grid = {"task.train_fraction": [0.3, 0.5], "optimizer.weight_decay": [0, 1]}
    sweep = Sweep.from_settings({"grid": grid, "variants": {"wide": {"model.width": 600}, "narrow": {"model.width": 60}}})
    found = list(points(sweep))
    assert len({str(point) for point in found}) == 8
    assert found[1].columns == {"task.train_fraction": 0.3, "optimizer.weight_decay": 1, "variant": "wide"}
    assert experiment_at(found[-1], QUICK, sweep).model.width == 60  # type: ignore[union-attr]  # it is an MLP


def test_settings_that_change_together_are_not_crossed() -> None:
    sweep = Sweep.from_settings({"zipped": {"model.width": [10, 20], "training.steps": [5, 6]}})
    assert [point.values for point in points(sweep)] == [
        {"model.width": 10, "training.steps": 5},
        {"model.width": 20, "training.steps": 6},
    ]


def test_every_point_comes_once_before_any_comes_with_the_next_seed() -> None:
    members = members_of(QUICK, Sweep.from_settings({"grid": {"task.train_fraction": [0.3, 0.5]}, "seeds": 3}))
    assert [(member.point.values["task.train_fraction"], member.seed) for member in members] == [
        (0.3, 0),
        (0.5, 0),
        (0.3, 1),
        (0.5, 1),
        (0.3, 2),
        (0.5, 2),
    ]
    assert len({member.key for member in members}) == 6


def test_a_member_is_known_by_its_experiment_wherever_that_comes_from() -> None:
    sweep = Sweep.from_settings({"grid": {"task.train_fraction": [0.3]}, "seeds": 2})
    as_axis = members_of(QUICK, sweep)
    settings = QUICK | {"task": QUICK["task"] | {"train_fraction": 0.3}, "seed": 1, "title": "Another", "device": "cpu"}
    alone = members_of(settings, Sweep())
    assert alone[0].key == as_axis[1].key
    slower = settings | {"optimizer": settings["optimizer"] | {"learning_rate": 1e-4}}
    assert members_of(slower, Sweep())[0].key != alone[0].key


def test_threads_are_no_part_of_what_a_member_is() -> None:
    threads = QUICK | {"training": QUICK["training"] | {"threads": 2}}
    assert members_of(threads, Sweep())[0].key == members_of(QUICK, Sweep())[0].key


def test_the_title_of_a_member_says_where_in_the_sweep_it_is() -> None:
    sweep = Sweep.from_settings({"grid": {"task.train_fraction": [0.3]}, "variants": {"wide": {"model.width": 900}}})
    assert experiment_at(next(points(sweep)), QUICK, sweep).title == "wide, train fraction 0.3"
    assert experiment_at(next(points(Sweep())), QUICK, Sweep()).title == QUICK["title"]


def test_what_a_preset_expects_does_not_bind_its_members() -> None:
    sweep = Sweep.from_settings({"grid": {"training.steps": [10]}})  # `quick` expects metrics at step 200
    assert experiment_at(next(points(sweep)), QUICK, sweep).expect is None


def test_a_value_that_the_experiment_refuses_is_named_with_its_point() -> None:
    with pytest.raises(ConfigError, match=r"task.train_fraction 7: task.train_fraction must be"):
        members_at(Point({"task.train_fraction": 7}), QUICK, Sweep())
    with pytest.raises(ConfigError, match="did you mean 'train_fraction'"):
        members_at(Point({"task.train_fractoin": 0.5}), QUICK, Sweep())


def test_an_axis_may_be_the_setting_of_an_intervention() -> None:
    settings = find_preset("quick-ungrok").settings
    sweep = Sweep.from_settings({"grid": {"interventions[0].swap.train_fraction": [0.05, 0.1]}})
    swaps = [experiment_at(point, settings, sweep).interventions[0].swap for point in points(sweep)]
    assert [swap.train_fraction for swap in swaps if swap] == [0.05, 0.1]
