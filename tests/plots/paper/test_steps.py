"""What is drawn over the steps of a training."""

from itertools import combinations

import numpy as np
import pytest
from matplotlib.text import Annotation

from grokterm.plots.curves.legend import Mark
from grokterm.plots.curves.series import Series
from grokterm.plots.paper.steps import draw_curves, on_log_axis
from grokterm.plots.paper.style import paper_style

STEPS = np.array([0, 10, 20, 500, 1000])


def series(values: list[float], label: str = "train") -> Series:
    return Series(label, STEPS, np.array(values), "train")


def test_step_zero_has_no_place_on_a_logarithmic_axis() -> None:
    x, y = on_log_axis(series([1, 2, 3, 4, 5]), 10.0)
    assert (x.tolist(), y.tolist()) == ([10, 20, 500, 1000], [2, 3, 4, 5])


def test_a_run_without_a_step_stands_where_others_begin() -> None:
    x, y = on_log_axis(Series("val", np.array([0]), np.array([0.5]), "val"), 10.0)
    assert (x.tolist(), y.tolist()) == ([10], [0.5])


def test_what_is_not_finite_or_not_positive_is_left_out() -> None:
    assert on_log_axis(series([1, np.nan, 0, np.inf, 5]), 10.0, is_log=True)[1].tolist() == [5]


@pytest.mark.parametrize("at", [[0, 10, 11, 12, 1000], [10, 30, 900, 950, 1000], [500, 500]])
def test_names_of_marks_do_not_meet(at: list[int]) -> None:
    marks = [Mark(step, f"swap to {step} %, and more", "swap") for step in at]
    with paper_style():
        figure = draw_curves([series([0, 0, 0, 1, 1])], [series([9, 8, 7, 6, 5])], marks, (10, 500))
        figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts if isinstance(text, Annotation)]
    assert len(boxes) == len(at)
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_a_milestone_at_the_only_step_after_step_zero_is_drawn() -> None:
    curve = Series("train", np.array([0, 100]), np.array([0.5, 1.0]), "train")
    with paper_style():
        figure = draw_curves([curve], [curve], [Mark(100, "memorized", "text"), Mark(100, "grokked", "text")], None)
        figure.draw_without_rendering()
    low, high = figure.axes[0].get_xlim()
    assert low < 100 < high
