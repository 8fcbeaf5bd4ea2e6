"""The axes of a sweep."""

import numpy as np
import pytest

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.axes import axis_below, further_axes, value_axis


@pytest.mark.parametrize(
    ("values", "positions"),
    [
        ([0.4, 0.2, 0.3], [0.2, 0.3, 0.4]),
        ([1e-4, 1e-2, 1e-3, 1e-1], [-4, -3, -2, -1]),
        ([0, 0.1, 1, 10], [-2, -1, 0, 1]),
        (["b", "a"], [0, 1]),
        ([False, True], [0, 1]),
        ([3, 50, 60, 100], [3, 50, 60, 100]),
    ],
    ids=["even", "ratios", "zero and ratios", "words", "yes or no", "neither"],
)
def test_values_stand_by_their_size_or_its_logarithm(values: list[float], positions: list[float]) -> None:
    assert np.allclose(value_axis("a", values).positions, positions)


def test_the_axis_below_is_the_one_with_most_numbers_unless_another_is_asked_for_or_searched() -> None:
    numbers = {"optimizer.weight_decay": [0, 1], "task.train_fraction": [0.2, 0.3, 0.4]}
    table = {"grid": {"model.activation": ["relu", "gelu", "sine", "tanh"], **numbers}}
    asked = table | {"over": "optimizer.weight_decay"}
    searched = asked | {"search": {"along": "model.width", "between": [1, 9], "tolerance": 1}}
    found = [axis_below(Sweep.from_settings(one)) for one in (table, asked, searched)]
    assert found == ["task.train_fraction", "optimizer.weight_decay", "model.width"]


def test_axes_that_change_together_and_those_of_one_value_make_no_lines() -> None:
    table = {"zipped": {"model.width": [1, 2], "task.modulus": [3, 5]}, "grid": {"optimizer.weight_decay": [0]}}
    sweep = Sweep.from_settings(table | {"variants": {"a": {}, "b": {}}})
    assert further_axes(sweep, "model.width") == ["variant"]
    assert further_axes(sweep, "optimizer.weight_decay") == ["variant", "model.width", "task.modulus"]


def test_variants_alone_stand_below() -> None:
    sweep = Sweep.from_settings({"variants": {"a": {}, "b": {}}})
    assert axis_below(sweep) == "variant"
    assert further_axes(sweep, "variant") == []
