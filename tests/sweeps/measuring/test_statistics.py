"""What the seeds of a point come to."""

from math import inf

import numpy as np
import pytest

from grokterm.experiment.expectation import is_step
from grokterm.sweeps.measuring.statistics import (
    CENTERS,
    CONFIDENCE,
    N_RESAMPLES,
    Center,
    bootstrap,
    measured,
    over_seeds,
    share,
)
from grokterm.sweeps.storage.result import Result


@pytest.mark.parametrize(("k", "n"), [(0, 8), (1, 8), (4, 8), (8, 8), (3, 1000)])
def test_the_interval_of_a_share_is_that_of_scipy(k: int, n: int) -> None:
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(k, n).proportion_ci(CONFIDENCE, method="wilson")
    assert share(k, n) == pytest.approx((n, k / n, expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize("center", ["median", "mean"])
def test_the_interval_of_a_center_is_that_of_scipy(center: Center) -> None:
    stats = pytest.importorskip("scipy.stats")
    values = tuple(np.random.default_rng(3).normal(size=19).tolist())
    statistic = CENTERS[center]
    expected = stats.bootstrap(
        (values,), statistic, confidence_level=CONFIDENCE, n_resamples=20_000, method="percentile", rng=5
    ).confidence_interval
    found = bootstrap(values, center)
    assert found.center == statistic(values)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.05)


def test_it_holds_the_median_of_all_seeds_about_as_often_as_it_says() -> None:
    drawn = np.random.default_rng(0)
    found = [bootstrap(tuple(drawn.normal(size=15).tolist())) for _ in range(300)]
    assert 0.9 <= np.mean([one.low <= 0 <= one.high for one in found]) <= 0.99


def test_a_step_that_half_of_the_seeds_never_reach_is_never_reached() -> None:
    assert bootstrap((10.0, 20.0, inf)).center == 20
    assert bootstrap((10.0, 20.0, inf)).high == inf
    assert bootstrap((10.0, inf)).center == inf
    assert bootstrap((10.0, inf)).low == 10


def test_one_seed_tells_nothing_of_the_others() -> None:
    assert bootstrap((0.25,)) == (1, 0.25, 0.25, 0.25)


def test_many_seeds_are_not_resampled_all_at_once() -> None:
    values = tuple(float(number) for number in range(3000))
    found = bootstrap(values)
    assert found.center == 1499.5
    assert found.high - found.low == pytest.approx(2 * 1.96 * 3000 / (2 * 3000**0.5), rel=0.1)  # of a uniform distribution
    assert N_RESAMPLES * len(values) > 2**20


def test_a_step_not_reached_is_infinite_and_a_number_not_measured_is_left_out() -> None:
    ran, failed = Result(key="a", grokked_at=None, val_accuracy=float("nan")), Result(key="b", outcome="failed")
    assert measured(ran, "grokked_at") == inf
    assert measured(ran, "val_accuracy") is None
    assert measured(ran, "ipr") is None
    assert measured(failed, "grokked_at") is None
    assert over_seeds([failed], "grokked_at") is None
    assert is_step("grokking_delay")
    assert not is_step("val_loss_peak")


def test_the_members_of_a_point_come_to_their_median() -> None:
    results = [Result(key=str(number), grokked_at=step) for number, step in enumerate([30, 10, 20, None])]
    found = over_seeds([*results, Result(key="x", outcome="failed")], "grokked_at")
    assert found is not None
    assert found == (4, 25, 10, inf)
