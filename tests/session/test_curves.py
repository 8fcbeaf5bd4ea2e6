"""Curves of millions of evaluations: exact, compact, and drawn from the few that can be seen."""

import itertools

import numpy as np
import pytest

from grokterm.experiment.recording.evaluated import Evaluated
from grokterm.session.curves import BLOCK, Curves

N = 40 * BLOCK + 17


def curves_of(**columns: np.ndarray) -> Curves:
    return Curves().joined({name: np.asarray(values, np.float64) for name, values in columns.items()})


def noisy(n: int = N) -> Curves:
    random = np.random.default_rng(0)
    loss = np.where(random.random(n) < 0.1, np.nan, random.lognormal(size=n))
    loss[random.integers(0, n, 40)] = [np.inf, -1.0, 0.0, 1e300] * 10
    return curves_of(step=np.cumsum(random.integers(1, 4, n)), train_loss=loss, val_accuracy=random.random(n))


@pytest.mark.parametrize(("values", "kind"), [([0.5, np.float32(0.1)], np.float32), ([0.5, 0.1], np.float64)])
def test_a_column_is_no_larger_than_exact_numbers_need(values: list[float], kind: type) -> None:
    curves = Curves().extended([Evaluated(step=0, train_loss=1.0, train_accuracy=0.25)])
    for step, value in enumerate(values, start=1):
        curves = curves.extended([Evaluated(step=step, train_loss=value, train_accuracy=0.5)])
    assert curves.column("train_loss").tolist() == [1.0, *map(float, values)]
    assert curves.column("train_loss").dtype == kind
    assert curves.column("train_accuracy").dtype == np.float32
    assert curves.measured.keys() == {"step", "train_loss", "train_accuracy"}
    assert np.isnan(curves.column("val_loss")).tolist() == [True] * 3


def test_what_is_measured_from_some_step_on_was_not_known_before() -> None:
    first = Curves().extended([Evaluated(step=0, train_loss=1.0, train_accuracy=0.0)])
    both = first.extended([Evaluated(step=5, train_loss=1.0, train_accuracy=0.0, seen_loss=0.1)])
    np.testing.assert_array_equal(both.column("seen_loss"), [np.nan, 0.1])
    assert both.between(1, 2)[0, 0] == 5
    np.testing.assert_array_equal(first.appended(both.between(1, 2)).rows, both.rows)


@pytest.mark.parametrize("scale", ["linear", "log"])
@pytest.mark.parametrize("n_columns", [3, 40, 3000])
def test_a_picture_has_the_extremes_of_all_of_its_columns(scale: str, n_columns: int) -> None:
    curves = noisy()
    steps = curves.column("step")
    low, high = steps[9], steps[-100]
    edges = np.linspace(low, high, n_columns + 1) if scale == "linear" else np.geomspace(low, high, n_columns + 1)
    rows = curves.telling(edges, [steps[N // 2] + 0.5])
    assert {0, 8, N // 2, N - 1} <= set(rows.tolist())
    few = curves.chosen(rows)
    for name, least in (("train_loss", 1e-300), ("val_accuracy", -np.inf)):
        for first, last in itertools.pairwise(edges):
            seen, all_ = (
                one.column(name)[(one.column("step") >= first) & (one.column("step") < last)] for one in (few, curves)
            )
            assert len(seen) > 0 or len(all_) == 0
            known = all_[np.isfinite(all_) & (all_ > least)]
            if len(known):
                assert np.nanmin(np.where(seen > least, seen, np.nan)) == known.min()
                assert seen[np.isfinite(seen)].max() == known.max()
    assert len(rows) <= 20 * n_columns + 10


def test_the_past_of_curves_is_no_copy_and_has_a_future_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    curves = noisy()
    step = int(curves.column("step")[N // 2])
    past = curves.until(step)
    assert len(past) == N // 2 + 1
    assert np.shares_memory(past.column("train_loss"), curves.column("train_loss"))
    other = past.joined({name: column[-1:] for name, column in curves.measured.items()})
    assert (len(other), other.column("step")[-1]) == (N // 2 + 2, curves.column("step")[-1])
    assert curves.column("step")[N // 2 + 1] < curves.column("step")[-1]
    edges = np.array([0.0, step])
    expected = curves.chosen(slice(len(past))).telling(edges)
    monkeypatch.setattr("grokterm.session.curves._extremes_of_blocks", None)  # none is looked for once more
    np.testing.assert_array_equal(past.telling(edges), expected)


def test_extremes_follow_curves_that_grow_and_futures_that_part() -> None:
    past = noisy(5 * BLOCK - 3)
    late = {
        "train_loss": np.full(2 * BLOCK, 1.0),
        "val_accuracy": np.full(2 * BLOCK, 0.5),
        "step": np.arange(1e6, 1e6 + 2 * BLOCK),
    }
    one = past.joined(late | {"val_accuracy": np.linspace(2, 3, 2 * BLOCK)})
    other = past.joined(late | {"val_accuracy": np.linspace(-2, -3, 2 * BLOCK)})
    for curves, expected in ((one, 3.0), (other, -3.0)):
        told = curves.chosen(curves.telling(np.array([0.0, 2e6]))).column("val_accuracy")
        assert expected in (told.max(), told.min())
    assert len(past) == 5 * BLOCK - 3
