import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from grokterm.plots.axis import Axis, Scale, decimate, fit_axis, steps_to_coordinates, to_coordinates
from grokterm.plots.ticks import short_number

anything = st.floats(width=64)


def labels_of(axis: Axis, at_most: int) -> list[str]:
    return [tick.label for tick in axis.ticks(at_most)]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (0.0, "0"),
        (0.5, "0.5"),
        (100.0, "100"),
        (1000.0, "1k"),
        (999.9999999999999, "1k"),
        (20_000.0, "20k"),
        (1_500_000.0, "1.5M"),
        (1e-4, "1e-4"),
        (-2.5e-10, "-2.5e-10"),
        (3e9, "3e9"),
    ],
)
def test_numbers_are_short(value: float, label: str) -> None:
    assert short_number(value) == label


def test_ticks_are_few_and_round() -> None:
    assert labels_of(Axis("linear", 0.0, 1.0), 5) == ["0.0", "0.5", "1.0"]
    assert labels_of(Axis("linear", 0.0, 30_000.0), 8) == ["0", "5k", "10k", "15k", "20k", "25k", "30k"]
    assert labels_of(Axis("log", 1.0, 4.5), 8) == ["10", "100", "1k", "10k"]
    assert labels_of(Axis("log", -8.0, 0.0), 5) == ["1e-8", "1e-6", "1e-4", "1e-2", "1"]


def test_a_log_axis_within_a_few_powers_names_values_between_them() -> None:
    assert labels_of(Axis("log", 0.0, 1.0), 5) == ["1", "2", "5", "10"]
    assert labels_of(Axis("log", float(np.log10(120)), float(np.log10(180))), 5) == ["120", "140", "160", "180"]


def test_ticks_stay_where_they_are_while_the_data_grows_a_little() -> None:
    assert set(labels_of(Axis("linear", 0.0, 12_000.0), 6)) <= set(labels_of(Axis("linear", 0.0, 12_900.0), 6))


@given(
    st.sampled_from(["linear", "log"]),
    arrays(np.float64, st.integers(0, 5), elements=anything),
    st.integers(1, 12),
    st.booleans(),
)
def test_ticks_lie_on_the_axis_and_fit(scale: Scale, values: np.ndarray, at_most: int, rounded: bool) -> None:  # noqa: FBT001
    axis = fit_axis([to_coordinates(values, scale)], scale, None, rounded=rounded)
    span = axis.high - axis.low
    assert 0 < span < np.inf
    positions = [tick.position for tick in axis.ticks(at_most)]
    assert len(positions) <= max(at_most, 2)
    assert all(axis.low - span * 1e-6 <= position <= axis.high + span * 1e-6 for position in positions)


def test_a_rounded_axis_grows_outwards() -> None:
    axis = fit_axis([np.array([0.03, 0.97])], "linear", None, rounded=True)
    assert (axis.low, axis.high) == (0.0, 1.0)
    log = fit_axis([np.log10([0.003, 7.0])], "log", None, rounded=True)
    assert (10**log.low, 10**log.high) == pytest.approx((0.002, 10))


def test_limits_are_kept_as_they_are_given() -> None:
    axis = fit_axis([np.array([3.0, 5.0])], "linear", (-0.1, 7.3), rounded=True)
    assert (axis.low, axis.high) == (-0.1, 7.3)


def test_a_log_axis_takes_a_limit_of_zero_from_the_data() -> None:
    axis = fit_axis([np.array([1.0, 3.0])], "log", (0, 1e4))
    assert (axis.low, axis.high) == (1.0, 4.0)


def test_step_zero_is_shown_at_the_first_positive_step_of_all_series() -> None:
    first, second = steps_to_coordinates([np.array([0, 100]), np.array([10, 1000])], "log")
    assert first.tolist() == [1.0, 2.0]
    assert second.tolist() == [1.0, 3.0]
    assert steps_to_coordinates([np.array([0])], "log")[0].tolist() == [0.0]


def test_the_ends_of_an_axis_are_its_first_and_last_cell() -> None:
    axis = Axis("linear", 0.0, 1.0)
    assert (axis.cell(0.0, 10), axis.cell(1.0, 10)) == (0, 9)
    assert (axis.cell_from_above(1.0, 10), axis.cell_from_above(0.0, 10)) == (0, 9)


def test_decimation_keeps_the_extremes() -> None:
    y = np.zeros(10_000)
    y[1234], y[7777] = 5.0, -3.0
    x, kept = decimate(np.arange(10_000.0), y, 100)
    assert (x[kept.argmax()], kept.max()) == (1234, 5.0)
    assert (x[kept.argmin()], kept.min()) == (7777, -3.0)


@given(arrays(np.float64, st.integers(0, 400), elements=anything), st.integers(1, 40))
def test_decimation_keeps_order_and_at_most_two_points_a_column(y: np.ndarray, columns: int) -> None:
    x = np.arange(y.size, dtype=np.float64)
    kept_x, kept_y = decimate(x, y, columns)
    assert kept_x.size <= 2 * columns
    assert np.all(np.diff(kept_x) > 0)
    assert np.array_equal(kept_y, y[kept_x.astype(int)])
    assert np.isfinite(kept_y).all()
    finite = y[np.isfinite(y)]
    if finite.size:
        assert (kept_y.min(), kept_y.max()) == (finite.min(), finite.max())


def n_calls_to_decimate(n_points: int) -> int:
    """Count the functions that are called, of Python and of C."""
    x, y = np.arange(float(n_points)), np.random.default_rng(0).normal(size=n_points)
    calls: list[str] = []
    sys.setprofile(lambda _, event, __: calls.append(event) if event.endswith("call") else None)
    try:
        decimate(x, y, 160)
    finally:
        sys.setprofile(None)
    return len(calls)


def test_no_point_of_many_costs_a_call_of_its_own() -> None:
    n_calls_to_decimate(1000)  # the first call also makes what checks its shapes
    assert 0 < n_calls_to_decimate(100_000) < n_calls_to_decimate(1000) + 100
