"""Figures of a sweep."""

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from grokterm.experiment.sweep import Sweep, Value
from grokterm.sweeps.measuring.outcomes import PointOutcome
from grokterm.sweeps.measuring.statistics import Estimate
from grokterm.sweeps.members import Member, Point, points
from grokterm.sweeps.search.ballot import Ballot
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.result import Result
from grokterm.views.paper.naming import LeftOut
from grokterm.views.paper.sweep import SweepSubject, curves, heat_map
from grokterm.views.sweep.curve import chart_of


def subject(table: dict[str, Any], centers: Mapping[str, float | None]) -> SweepSubject:
    """A sweep whose points have these medians, by how they are written, and else 1; each with an interval of 0.5 around it."""
    sweep = Sweep.from_settings(table)

    def outcome(point: Point) -> PointOutcome:
        center = centers.get(str(point), 1.0)
        return PointOutcome(point, (), (), None if center is None else Estimate(3, center, center - 0.5, center + 0.5))

    return SweepSubject(sweep, [outcome(point) for point in points(sweep)])


def drawn(figure: object) -> Figure:
    assert isinstance(figure, Figure)
    return figure


def cells_of(image: AxesImage) -> np.ndarray:
    return np.asarray(np.ma.asarray(image.get_array()).filled(np.nan))


FRACTIONS: dict[str, Value] = {"task.train_fraction": "0.2:0.4:0.1"}


def test_a_line_is_drawn_for_each_variant_and_value_of_the_other_axes() -> None:
    table = {"grid": {"optimizer.weight_decay": [0, 1], **FRACTIONS}, "variants": {"plain": {}, "wide": {"model.width": 9}}}
    figure = drawn(curves(subject(table, {"plain, optimizer.weight_decay 1, task.train_fraction 0.3": 2.0})))
    (axes,) = figure.axes
    bars = [one for one in axes.containers if isinstance(one, ErrorbarContainer)]
    assert [one.get_label() for one in bars] == [
        "plain, weight decay 0",
        "plain, weight decay 1",
        "wide, weight decay 0",
        "wide, weight decay 1",
    ]
    assert bars[1].lines[0].get_xdata() == pytest.approx([0.2, 0.3, 0.4])
    assert bars[1].lines[0].get_ydata() == pytest.approx([1, 2, 1])
    (segments,) = bars[1].lines[2]
    assert segments.get_segments()[1][:, 1] == pytest.approx([1.5, 2.5])
    assert axes.get_xlabel() == "train fraction"


def test_no_two_of_many_lines_look_alike() -> None:
    table = {"grid": {"optimizer.weight_decay": "0:19:1", "task.train_fraction": "0.1:0.9:0.01"}}
    (axes,) = drawn(curves(subject(table, {}))).axes
    lines = [one.lines[0] for one in axes.containers if isinstance(one, ErrorbarContainer)]
    assert len({(line.get_color(), line.get_marker(), str(line.get_linestyle())) for line in lines}) == len(lines) == 20


def test_what_was_never_reached_stands_at_the_top_and_what_is_unknown_nowhere() -> None:
    table = {"grid": FRACTIONS, "measure": "grokked_at"}
    figure = drawn(curves(subject(table, {"task.train_fraction 0.2": inf, "task.train_fraction 0.3": None})))
    (axes,) = figure.axes
    bars, never = axes.lines[0], axes.lines[-1]
    assert bars.get_xdata() == pytest.approx([0.4])
    assert never.get_xdata() == pytest.approx([0.2])
    assert [text.get_text() for text in axes.texts] == ["never"]


def test_an_interval_that_reaches_to_never_is_drawn_to_the_top() -> None:
    found = subject({"grid": FRACTIONS, "measure": "grokked_at"}, {})
    outcomes = [replace(one, estimate=Estimate(3, 1.0, 0.5, inf)) for one in found.outcomes]
    (axes,) = drawn(curves(SweepSubject(found.sweep, outcomes))).axes
    bars = [one for one in axes.collections if isinstance(one, LineCollection)]
    assert [segment[:, 1].tolist() for segment in bars[-1].get_segments()] == 3 * [[1.0, axes.get_ylim()[1]]]


def test_words_stand_at_the_ticks_of_their_axis() -> None:
    table = {"grid": {"model.activation": ["relu", "gelu", "sine", "tanh"], **FRACTIONS}, "over": "model.activation"}
    (axes,) = drawn(curves(subject(table, {}))).axes
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["relu", "gelu", "sine", "tanh"]


@pytest.mark.parametrize(
    ("values", "scale"),
    [("1e-4:1:log5", "log"), ([8, 16, 32, 64], "log"), ([0, 0.1, 1, 10], "symlog"), ([1, 40, 80], "linear")],
)
def test_numbers_lie_as_on_the_screen(values: Value, scale: str) -> None:
    sweep = subject({"grid": {"optimizer.weight_decay": values}}, {})
    (axes,) = drawn(curves(sweep)).axes
    assert axes.get_xscale() == scale
    ((bars,), (line,)) = axes.containers, chart_of(sweep.sweep, sweep.outcomes).lines
    assert isinstance(bars, ErrorbarContainer)
    across = axes.transData.transform(np.array([(x, 1.0) for x in np.asarray(bars.lines[0].get_xdata())]))[:, 0]
    assert np.diff(across) / np.ptp(across) == pytest.approx(np.diff(line.x) / np.ptp(line.x))


def test_axes_that_change_together_make_one_line() -> None:
    (axes,) = drawn(curves(subject({"zipped": {"model.width": [8, 9, 10], "task.modulus": [5, 7, 11]}}, {}))).axes
    assert axes.get_xlabel() == "width"
    assert len(axes.containers) == 1


def test_a_search_is_drawn_over_its_axis_with_where_it_crosses() -> None:
    share = "task.train_fraction"
    search = {"along": share, "between": [0.1, 0.9], "tolerance": 0.5}
    sweep = Sweep.from_settings({"search": search, "grid": {"optimizer.weight_decay": [0, 1, 2]}})
    result = {at: Result(key=str(at), val_accuracy=round(at)) for at in (0.1, 0.9)}
    outcomes, crossings = [], []
    for decay in (0, 1, 2):
        point = Point({"optimizer.weight_decay": decay})
        members = {at: Member(point.with_value(share, at), 0, str(at)) for at in result}
        outcomes += [PointOutcome(one.point, [one], [result[at]], Estimate(1, at, at, at)) for at, one in members.items()]
        low, high = (Ballot(at, [one], {one.key: result[at]}, "val_accuracy", 0.5) for at, one in members.items())
        crossings.append(Crossing(point, [low, high], low, high))
    (axes,) = drawn(curves(SweepSubject(sweep, outcomes, crossings))).axes
    assert axes.get_xlabel() == "train fraction"
    assert [one.get_label() for one in axes.containers] == ["weight decay 0", "weight decay 1", "weight decay 2"]
    assert [line.get_xdata() for line in axes.lines if line.get_linestyle() == ":"] == 3 * [[0.5, 0.5]]
    assert heat_map(SweepSubject(sweep, outcomes)) == LeftOut("it takes a sweep over two axes, without a search")


def test_two_axes_make_a_map() -> None:
    table = {"grid": {"optimizer.weight_decay": [0, 1], **FRACTIONS}}
    found = subject(table, {"optimizer.weight_decay 1, task.train_fraction 0.2": inf, str(Point()): 1.0})
    axes = drawn(heat_map(found)).axes[0]
    (shown,) = (cells_of(image) for image in axes.images)
    assert shown == pytest.approx(np.array([[1, 1, 1], [np.nan, 1, 1]]), nan_ok=True)
    assert [n for one in axes.collections if (n := len(one.get_paths()))] == [1], "never, and none that diverged"
    assert axes.get_legend_handles_labels()[1] == ["never"]
    assert not isinstance(axes.images[0].norm, LogNorm)
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.2", "0.3", "0.4"]


def test_what_has_no_axes_is_left_out() -> None:
    assert heat_map(subject({"grid": FRACTIONS}, {})) == LeftOut("it takes a sweep over two axes, without a search")
    assert curves(subject({"seeds": 3}, {})) == LeftOut("the sweep has one point")
