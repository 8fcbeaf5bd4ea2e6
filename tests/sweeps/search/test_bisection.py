"""Bisection along an axis, with seeds."""

from collections.abc import Callable
from random import Random
from statistics import median
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from grokterm.errors import ConfigError
from grokterm.experiment.sweep import Search
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.search.bisection import Bisection
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.result import Result

Measured = Callable[[float, int], Result]

SIZES: dict[str, Any] = {"along": "size", "between": [0.0, 1.0], "tolerance": 0.05}

THRESHOLDS = st.lists(st.floats(0.01, 0.99), min_size=1, max_size=9)


def bisection(
    n_seeds: int, search: dict[str, Any] = SIZES, measure: str = "val_accuracy", *, is_whole: bool = False
) -> Bisection:
    def members_at(value: float) -> list[Member]:
        return [Member(Point({"size": value}), seed, f"{value}-{seed}") for seed in range(n_seeds)]

    return Bisection(Point(), Search.from_settings(search), measure, members_at, is_whole)


def played(search: Bisection, measured: Measured, order: Random | None = None) -> tuple[Crossing, dict[str, Result]]:
    """Train what is asked for, in any order; return what was found, and all results."""
    results: dict[str, Result] = {}
    working: dict[str, Member] = {}
    asked: list[str] = []
    while not (crossing := search.crossing(results)).is_over:
        new = [member for member in crossing.wanted if member.key not in asked]
        asked += [member.key for member in new]
        working |= {member.key: member for member in new}
        key = order.choice(list(working)) if order else next(iter(working))
        member = working.pop(key)
        results[key] = measured(float(str(member.point.values["size"])), member.seed).model_copy(
            update={"key": key, "steps": 10}
        )
    assert not working, "nothing was asked for in vain"
    assert len(set(asked)) == len(asked), "and nothing twice"
    return crossing, results


def steps_at(thresholds: list[float]) -> Measured:
    return lambda value, seed: Result(key="", val_accuracy=float(value >= thresholds[seed]))


@settings(max_examples=40)
@given(THRESHOLDS, st.booleans(), st.randoms(use_true_random=False))
def test_a_step_is_found_to_the_tolerance(thresholds: list[float], falls: bool, order: Random) -> None:  # noqa: FBT001
    def measured(value: float, seed: int) -> Result:
        return Result(key="", val_accuracy=float((value >= thresholds[seed]) != falls))

    found, _ = played(bisection(len(thresholds)), measured, order)
    assert found.high.at - found.low.at <= 0.05
    ranked = sorted(thresholds)
    half = ranked[(len(ranked) - 1) // 2], ranked[len(ranked) // 2]  # two middle ones, if they are even
    assert found.low.at <= half[1]
    assert half[0] <= found.high.at
    assert found.estimate is not None
    _, center, low, high = found.estimate
    assert low <= found.low.at <= center <= found.high.at <= high


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 9), st.randoms(use_true_random=False))
def test_noise_is_judged_as_if_all_seeds_had_been_asked(noise: int, n_seeds: int, order: Random) -> None:
    def accuracy(value: float, seed: int) -> float:
        return float(value == 1.0 if value in (0.0, 1.0) else np.random.default_rng([noise, int(1e6 * value), seed]).random())

    found, _ = played(bisection(n_seeds), lambda value, seed: Result(key="", val_accuracy=accuracy(value, seed)), order)
    for ballot in found.ballots:
        assert ballot.is_above == (median(accuracy(ballot.at, seed) for seed in range(n_seeds)) >= 0.5)
    assert not found.low.is_above
    assert found.high.is_above


@settings(max_examples=40)
@given(THRESHOLDS, st.randoms(use_true_random=False))
def test_neither_the_order_of_reports_nor_an_interruption_changes_what_is_trained(
    thresholds: list[float], order: Random
) -> None:
    search, measured = bisection(len(thresholds)), steps_at(thresholds)
    found, results = played(search, measured)
    other, others = played(search, measured, order)
    assert (found, results) == (other, others)
    half = {key: results[key] for key in order.sample(sorted(results), len(results) // 2)}
    again = search.crossing(half)
    assert {member.key for member in again.wanted} <= results.keys() - half.keys()
    assert bisection(len(thresholds)).crossing(results) == found


def test_seeds_are_not_asked_once_most_agree() -> None:
    found, results = played(bisection(8), steps_at([0.3] * 8))
    assert {len(ballot.ended) for ballot in found.ballots} == {5}
    assert len(results) == 5 * bisection(8).n_values
    assert found.n_steps == 10 * len(results)
    assert {member.key for member in found.members} == results.keys()


def test_a_divided_point_asks_every_seed() -> None:
    found, _ = played(bisection(8), steps_at([0.2] * 4 + [0.8] * 4))
    assert {len(ballot.ended) for ballot in found.ballots if 0.2 <= ballot.at < 0.8} == {8}


def test_an_interval_holds_the_crossing_of_all_seeds_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(2)
    for spread in (0.02, 0.1):
        holds = []
        for _ in range(40):
            half = drawn.uniform(0.3, 0.7)
            found, _ = played(bisection(8), steps_at(drawn.normal(half, spread, 8).clip(0.01, 0.99).tolist()))
            assert found.estimate is not None
            holds.append(found.estimate.low <= half <= found.estimate.high)
        assert np.mean(holds) >= 0.88, spread


def test_equal_ratios_are_bisected_by_their_root() -> None:
    search = {"along": "size", "between": [1e-4, 1.0], "tolerance": 0.2, "spacing": "logarithmic"}
    found, _ = played(bisection(3, search), steps_at([3e-3, 4e-3, 5e-3]))
    assert found.low.at < 4e-3 <= found.high.at <= 1.2 * found.low.at
    assert 1e-2 in [ballot.at for ballot in found.ballots]
    assert len(found.ballots) <= bisection(3, search).n_values == 8


def test_whole_numbers_stay_whole() -> None:
    search = bisection(1, {"along": "size", "between": [2, 100], "tolerance": 0.1}, is_whole=True)
    found, _ = played(search, steps_at([37]))
    assert (found.low.at, found.high.at) == (36, 37)
    assert all(isinstance(ballot.at, int) for ballot in found.ballots)
    assert len(found.ballots) <= search.n_values


def test_values_read_well() -> None:
    search = {"along": "size", "between": [0.02, 0.2], "tolerance": 0.01}
    found, _ = played(bisection(1, search), steps_at([0.06]))
    assert [ballot.at for ballot in found.ballots] == [0.02, 0.043, 0.054, 0.0595, 0.065, 0.11, 0.2]


def test_a_tolerance_finer_than_numbers_are_ends() -> None:
    found, _ = played(bisection(1, SIZES | {"tolerance": 1e-300}), steps_at([0.3]))
    assert found.high.at - found.low.at < 1e-15


def test_a_step_that_is_never_reached_is_above() -> None:
    search = bisection(3, measure="grokked_at")
    found, _ = played(search, lambda value, _: Result(key="", grokked_at=100 if value > 0.6 else None))
    assert (found.low.is_above, found.high.is_above) == (True, False)
    assert found.low.at <= 0.6 <= found.high.at


def test_a_measure_that_does_not_cross_says_so() -> None:
    found, results = played(bisection(3), lambda value, _: Result(key="", val_accuracy=0.1 + value / 10))
    assert found.problem == "val_accuracy does not cross 0.5 between size 0.0 and 1.0: its median is 0.1 and 0.2 there"
    assert found.estimate is None
    assert len(results) == 4
    found, _ = played(bisection(3, measure="grokked_at"), lambda *_: Result(key="", grokked_at=4))
    assert found.problem == "most seeds reach grokked_at at both size 0.0 and 1.0"
    found, _ = played(bisection(3, measure="grokked_at"), lambda *_: Result(key="", grokked_at=None))
    assert found.problem == "most seeds reach grokked_at at neither size 0.0 nor 1.0"


def test_members_that_fail_are_no_votes() -> None:
    def measured(value: float, seed: int) -> Result:
        return Result(key="", outcome="failed", problem="out of memory") if seed < 2 else steps_at([0.3] * 5)(value, seed)

    found, _ = played(bisection(5), measured)
    assert found.low.at < 0.3 <= found.high.at
    assert found.estimate is not None
    assert found.estimate.n == 2
    found, _ = played(bisection(2), measured)
    assert found.problem == "val_accuracy cannot be measured at size 0.0: out of memory"


def test_a_middle_that_the_experiment_refuses_ends_the_search() -> None:
    def members_at(value: float) -> list[Member]:
        if value == 0.5:
            raise ConfigError("size 0.5: size must not be 0.5")
        return [Member(Point({"size": value}), 0, f"{value}")]

    search = Bisection(Point(), Search.from_settings(SIZES), "val_accuracy", members_at)
    found, _ = played(search, steps_at([0.3]))
    assert found.problem == "size 0.5: size must not be 0.5"
