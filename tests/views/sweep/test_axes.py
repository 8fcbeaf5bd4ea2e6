"""The axes of a sweep."""

import numpy as np
import pytest

from grokterm.experiment.sweep import Sweep
from grokterm.views.sweep.axes import axis_below, further_axes, value_axis


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


def test_the_axis_below_is_the_one_with_most_numbers_unless_another_is_asked_for() -> None:
    table = {"grid": {"optimizer.weight_decay": [0, 1], "task.train_fraction": [0.2, 0.3, 0.4]}}
    columns = [{"optimizer.weight_decay": decay, "task.train_fraction": share} for decay in (0, 1) for share in (0.2, 0.3, 0.4)]
    assert axis_below(Sweep.from_settings(table), columns) == "task.train_fraction"
    assert axis_below(Sweep.from_settings(table | {"over": "optimizer.weight_decay"}), columns) == "optimizer.weight_decay"


def test_axes_that_change_together_make_one_line() -> None:
    sweep = Sweep.from_settings({"zipped": {"model.width": [1, 2], "task.modulus": [3, 5]}, "variants": {"a": {}, "b": {}}})
    assert further_axes(sweep, "model.width") == ["variant"]


def test_variants_alone_stand_below() -> None:
    sweep = Sweep.from_settings({"variants": {"a": {}, "b": {}}})
    assert axis_below(sweep, [{"variant": "a"}, {"variant": "b"}]) == "variant"
    assert further_axes(sweep, "variant") == []
