"""What the points of a sweep came to."""

from math import inf

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.measuring.outcomes import along_axis, outcomes
from grokterm.sweeps.members import Member, Point, members_of
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import TINY

SWEEP = Sweep.from_settings({"grid": {"task.train_fraction": [0.4, 0.6]}, "seeds": 3})


def test_a_point_has_the_median_of_the_seeds_that_have_ended() -> None:
    members = members_of(TINY, SWEEP)
    steps = {0: 10, 1: None, 2: 30}
    results = {
        one.key: Result(key=one.key, grokked_at=steps[one.seed])
        for one in members
        if one.point.values["task.train_fraction"] == 0.6
    }
    failed = members[0]
    results[failed.key] = Result(key=failed.key, outcome="failed")
    low, high = outcomes(members, results, "grokked_at")
    assert low.point.values == {"task.train_fraction": 0.4}
    assert (low.estimate, low.n_failed, len(low.results), len(low.members)) == (None, 1, 1, 3)
    assert high.estimate is not None
    assert (high.estimate.n, high.estimate.center, high.estimate.high) == (3, 30, inf)


def test_members_of_a_search_are_ordered_along_its_axis_those_of_a_grid_stay() -> None:
    search = {"along": "task.train_fraction", "between": [0.2, 0.8], "tolerance": 0.1}
    sweep = Sweep.from_settings({"search": search, "grid": {"model.width": [9, 8]}})
    tried = [(9, 0.2), (9, 0.8), (8, 0.2), (8, 0.8), (9, 0.5), (8, 0.4), (9, 0.6)]
    members = [Member(Point({"model.width": width, "task.train_fraction": at}), 0, f"{width} {at}") for width, at in tried]
    ordered = ["9 0.2", "9 0.5", "9 0.6", "9 0.8", "8 0.2", "8 0.4", "8 0.8"]
    assert [one.key for one in along_axis(members, sweep)] == ordered
    assert along_axis(members, SWEEP) == members


def test_two_points_may_share_a_run() -> None:
    sweep = Sweep.from_settings({"variants": {"as it is": {}, "the same": {"model.width": 8}}})
    members = members_of(TINY, sweep)
    assert len({member.key for member in members}) == 1
    found = outcomes(members, {members[0].key: Result(key=members[0].key, val_accuracy=0.5)}, "val_accuracy")
    assert [(one.point.variant, one.estimate.center if one.estimate else None) for one in found] == [
        ("as it is", 0.5),
        ("the same", 0.5),
    ]
