"""Zooming, panning and reading the curves, without a screen."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from grokterm.experiment.experiment import Experiment
from grokterm.experiment.interventions import Swap
from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.experiment.recording.records import Acted
from grokterm.plots.axis import Scale
from grokterm.session.curves import Curves
from grokterm.session.state import LabState, fold
from grokterm.views.window import (
    LEAST_EVALUATIONS,
    CurvesChoice,
    Timeline,
    following_swaps,
    moved,
    pointed,
    since_swap,
    timeline,
    whole,
    zoomed,
    zoomed_at,
)


def trained(steps: int = 1000, every: int = 10, *, swapped_at: int | None = None) -> LabState:
    evaluations = [
        Evaluated(step=step, train_loss=1.0, train_accuracy=0.5, val_loss=1.0, val_accuracy=0.5)
        for step in range(0, steps + 1, every)
    ]
    acted = [] if swapped_at is None else [Acted(step=swapped_at, action=Swap(train_fraction=0.02), n_train=9, n_val=9)]
    return fold(LabState(Experiment()), [*evaluations, *acted])


def line_of(state: LabState, choice: CurvesChoice, scale: Scale = "linear") -> Timeline:
    line = timeline(state, choice, scale)
    assert line is not None
    return line


def test_zooming_keeps_the_cursor_where_it_is() -> None:
    choice = CurvesChoice(cursor=250)
    line = line_of(trained(), choice)
    near = zoomed(choice, line, 0.5)
    assert near.window == pytest.approx((125, 625))
    assert zoomed(near, line, 2.0).window is None


def test_without_a_cursor_the_middle_of_the_axis_stays() -> None:
    choice = CurvesChoice()
    window = zoomed(choice, line_of(trained(), choice, "log"), 0.5).window
    assert window == pytest.approx((10**1.5, 10**2.5))


@given(
    st.lists(st.tuples(st.sampled_from(["in", "out", "left", "right", "click", "wheel", "x"]), st.floats(0, 1)), max_size=25),
    st.sampled_from(["linear", "log"]),
)
@example([("click", 0.0), ("wheel", 1.0), ("in", 0.0), ("in", 0.0), ("in", 0.0), ("right", 0.0)], "log")
def test_whatever_is_done_there_are_evaluations_to_see_and_the_cursor_is_on_one(
    deeds: list[tuple[str, float]], scale: Scale
) -> None:
    state, choice = trained(), CurvesChoice()
    for deed, share in deeds:
        line = line_of(state, choice, scale)
        match deed:
            case "in" | "out":
                choice = zoomed(choice, line, 0.5 if deed == "in" else 2.0)
            case "left" | "right":
                choice = moved(choice, line, 1 if deed == "right" else -1, 60)
            case "x":
                scale = "linear" if scale == "log" else "log"
            case "click":
                choice = pointed(choice, line, share)
            case _:
                choice = zoomed_at(choice, line, share, 0.5)
    line = line_of(state, choice, scale)
    low, high = line.span(choice)
    steps = np.arange(0, 1001, 10)
    positions = np.array([line.position(step) for step in steps.tolist()])
    assert ((positions >= low - 1e-6) & (positions <= high + 1e-6)).sum() >= LEAST_EVALUATIONS - 1
    assert choice.cursor is None or choice.cursor in steps


def test_the_cursor_moves_a_column_or_at_least_an_evaluation() -> None:
    state = trained()
    choice = moved(CurvesChoice(), line_of(state, CurvesChoice()), -1, 60)
    assert choice.cursor == 1000
    line = line_of(state, choice)
    assert moved(choice, line, -1, 60).cursor == 980
    assert moved(choice, line, -1, 10_000).cursor == 990
    assert moved(choice, line, 1, 60).cursor == 1000
    assert moved(replace(choice, cursor=0), line, -1, 60).cursor == 0


def test_a_cursor_at_the_edge_of_the_window_takes_it_along() -> None:
    state, choice = trained(), CurvesChoice(window=(200.0, 400.0), cursor=400)
    further = moved(choice, line_of(state, choice), 1, 10)
    assert further.cursor == 420
    assert further.window == pytest.approx((220, 420))
    assert moved(replace(choice, cursor=None), line_of(state, choice), 1, 10).cursor == 400


def test_a_click_puts_the_cursor_on_the_next_evaluation() -> None:
    choice = CurvesChoice(window=(200.0, 400.0))
    assert pointed(choice, line_of(trained(), choice), 0.52).cursor == 300


def test_since_the_swap_steps_are_counted_from_it_and_again_is_back() -> None:
    state = trained(swapped_at=600)
    choice = since_swap(CurvesChoice(window=(0.0, 100.0)), state.swaps)
    line = line_of(state, choice, "log")
    assert (choice.window, line.present.origin, line.present.steps[0]) == (None, 600, 600)
    assert line.whole == pytest.approx((1.0, np.log10(400)))
    assert since_swap(choice, state.swaps) == CurvesChoice()
    assert whole(choice) == CurvesChoice()
    assert not since_swap(CurvesChoice(), ()).since_swap


def test_a_new_swap_begins_a_new_window() -> None:
    choice = CurvesChoice(since_swap=True, window=(10.0, 50.0))
    assert following_swaps(choice, (600,), (600,)) == choice
    assert following_swaps(choice, (600,), (600, 800)).window is None
    assert following_swaps(replace(choice, since_swap=False), (600,), (600, 800)).window == (10.0, 50.0)


def test_two_evaluations_are_too_few_to_move_among() -> None:
    assert timeline(trained(steps=10), CurvesChoice(), "log") is None
    twice = replace(trained(steps=10), curves=Curves().joined({"step": np.array([0.0, 10.0, 10.0, 10.0])}))
    assert timeline(twice, CurvesChoice(), "log") is None


@pytest.mark.parametrize(
    ("scale", "onwards", "backwards"),
    [
        ("linear", [0, 10, 20, 30, 40], [40, 30, 20, 10, 0]),
        ("log", [0, 20, 30, 40, 40], [40, 30, 20, 10, 0]),  # where step 0 shares its place with the next
    ],
)
def test_what_was_measured_twice_at_a_step_is_one_place_of_the_cursor(
    scale: Scale, onwards: list[int], backwards: list[int]
) -> None:
    steps = np.array([0.0, 10.0, 20.0, 20.0, 30.0, 40.0])
    state = replace(trained(), curves=Curves().joined({"step": steps}))
    line = line_of(state, CurvesChoice(), scale)
    there, back = [CurvesChoice(cursor=0)], [CurvesChoice(cursor=40)]
    for _ in range(4):
        there.append(moved(there[-1], line, 1, 10_000))
        back.append(moved(back[-1], line, -1, 10_000))
    assert [choice.cursor for choice in there] == onwards
    assert [choice.cursor for choice in back] == backwards


def test_a_click_left_of_all_takes_the_step_that_step_0_shares_its_place_with() -> None:
    assert pointed(CurvesChoice(), line_of(trained(), CurvesChoice(), "log"), 0.0).cursor == 10
    assert pointed(CurvesChoice(), line_of(trained(), CurvesChoice(), "linear"), 0.0).cursor == 0


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_moving_over_millions_of_evaluations_takes_no_memory(scale: Scale) -> None:
    steps = np.arange(2e6)
    state = replace(trained(swapped_at=600), curves=Curves().joined({"step": steps}))
    tracemalloc.start()
    for choice in (CurvesChoice(cursor=1000), CurvesChoice(since_swap=True)):
        line = line_of(state, choice, scale)
        zoomed(moved(pointed(choice, line, 0.5), line, 1, 60), line, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < steps.nbytes / 10
