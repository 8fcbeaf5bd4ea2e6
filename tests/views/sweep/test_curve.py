"""The curve of a sweep."""

from dataclasses import replace
from math import inf

import numpy as np

from grokterm.experiment.sweep import Sweep
from grokterm.plots.estimates import draw_estimates
from grokterm.plots.palettes import PALETTES
from grokterm.sweeps.measuring.outcomes import outcomes
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.search.ballot import Ballot
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.result import Result
from grokterm.views.sweep.curve import chart_of, said_of
from tests.views.sweep.swept import swept, text

SHARE = "task.train_fraction"


def test_a_curve_has_the_median_over_seeds_with_its_interval() -> None:
    sweep, points = swept(lambda at, seed: at[SHARE] + seed / 10, grid={SHARE: [0.2, 0.4]}, seeds=3)
    (line,) = chart_of(sweep, points).lines
    assert np.allclose(line.x, [0.2, 0.4])
    assert np.allclose(line.center, [0.3, 0.5])
    assert np.allclose(line.low, [0.2, 0.4])
    assert np.allclose(line.high, [0.4, 0.6])
    assert not line.is_partial.any()


def test_each_variant_and_each_value_of_another_axis_is_a_line() -> None:
    variants = {"plain": {}, "wide": {"model.width": 9}}
    grid = {SHARE: [0.2, 0.3, 0.4], "optimizer.weight_decay": [0, 1]}
    sweep, points = swept(lambda _, __: 1.0, grid=grid, variants=variants)
    labels = [line.label for line in chart_of(sweep, points).lines]
    assert labels == ["plain, weight decay 0", "plain, weight decay 1", "wide, weight decay 0", "wide, weight decay 1"]


def test_what_is_not_known_yet_and_what_was_never_reached_differ() -> None:
    sweep, points = swept(lambda at, _: inf if at[SHARE] == 0.2 else None, grid={SHARE: [0.2, 0.3]}, measure="grokked_at")
    (line,) = chart_of(sweep, points).lines
    assert np.isposinf(line.center[0])
    assert np.isnan(line.center[1])


def test_a_point_of_which_seeds_are_missing_is_partial() -> None:
    sweep, points = swept(lambda at, seed: None if at[SHARE] == 0.3 and seed else 1.0, grid={SHARE: [0.2, 0.3]}, seeds=2)
    (line,) = chart_of(sweep, points).lines
    assert line.is_partial.tolist() == [False, True]


def test_steps_that_differ_much_are_drawn_on_a_logarithmic_axis() -> None:
    def scale(*steps: int) -> str:
        values = dict(zip((0.2, 0.3), steps, strict=True))
        sweep, points = swept(lambda at, _: values[at[SHARE]], grid={SHARE: [0.2, 0.3]}, measure="grokked_at")
        return chart_of(sweep, points).y_scale

    assert scale(100, 5000) == "log"
    assert scale(100, 200) == "linear"


def test_a_sweep_of_seeds_alone_is_one_point() -> None:
    sweep, points = swept(lambda _, seed: seed / 2, seeds=2)
    rows = text(draw_estimates(chart_of(sweep, points), width=40, height=12, palette=PALETTES["ascii"]))
    assert sum(row.count("o") for row in rows[1:]) == 1
    assert rows[0].strip() == "val accuracy"


def test_a_search_shows_and_says_where_the_measure_crosses() -> None:
    search = {"along": SHARE, "between": [0.1, 0.9], "tolerance": 0.5}
    sweep = Sweep.from_settings({"search": search})
    members = {at: [Member(Point({SHARE: at}), 0, str(at))] for at in (0.1, 0.9)}
    results = {"0.1": Result(key="0.1", val_accuracy=0.0), "0.9": Result(key="0.9", val_accuracy=1.0)}
    low, high = (Ballot(at, members[at], {str(at): results[str(at)]}, "val_accuracy", 0.5) for at in (0.1, 0.9))
    crossing = Crossing(Point(), [low, high], low, high)
    (bracket,) = chart_of(sweep, outcomes([*members[0.1], *members[0.9]], results, "val_accuracy"), [crossing]).brackets
    assert bracket == (0.5, 0.1, 0.9, 0)
    assert said_of(crossing) == "crosses 0.5 at 0.5 (0.1 to 0.9, 1 seed)"
    assert said_of(replace(crossing, problem="it does not")) == "it does not"
    at_decay = replace(crossing, point=Point({"optimizer.weight_decay": 1.0}))
    assert said_of(at_decay) == "weight decay 1: crosses 0.5 at 0.5 (0.1 to 0.9, 1 seed)"
