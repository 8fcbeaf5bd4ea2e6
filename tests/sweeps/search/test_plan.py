"""The plan of a sweep that searches."""

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.reading.presets import find_preset
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import TINY

WIDTHS = {"along": "model.width", "between": [8, 40], "tolerance": 1}


def test_each_point_of_the_grid_has_a_search_of_its_own() -> None:
    sweep = Sweep.from_settings({"grid": {"optimizer.learning_rate": [1e-3, 1e-2]}, "seeds": 3, "search": WIDTHS})
    plan, results, n = SearchPlan(TINY, sweep), dict[str, Result](), 0
    while new := plan.next_members(results):
        assert not {member.key for member in new} & results.keys()
        for member in new:
            rate, width = member.point.values["optimizer.learning_rate"], member.point.values["model.width"]
            assert isinstance(width, int)
            results[member.key] = Result(key=member.key, val_accuracy=float(width >= (20 if rate == 1e-3 else 30)))
            n += 1
    found = plan.crossings(results)
    assert [one is other for one, other in zip(found, plan.crossings(results), strict=True)] == [True, True]
    assert [(crossing.low.at, crossing.high.at) for crossing in found] == [(19, 20), (29, 30)]
    assert [crossing.point.values for crossing in found] == [
        {"optimizer.learning_rate": 1e-3},
        {"optimizer.learning_rate": 1e-2},
    ]
    assert plan.n_members[0] - 4 <= n <= plan.n_members[0] == 2 * 2 * 7  # one value less where the smaller half has it
    again = SearchPlan(TINY, sweep)
    assert {member.key for member in again.next_members(results)} == results.keys()
    assert not again.next_members(results)


def test_a_share_of_the_table_in_an_intervention_is_no_whole_number() -> None:
    search = {"along": "interventions[0].swap.train_fraction", "between": [0.02, 0.2], "tolerance": 0.01}
    plan = SearchPlan(find_preset("quick-ungrok").settings, Sweep.from_settings({"search": search}))
    results = dict[str, Result]()
    for _ in range(2):
        for member in plan.next_members(results):
            value = member.point.values["interventions[0].swap.train_fraction"]
            assert isinstance(value, float)
            results[member.key] = Result(key=member.key, val_accuracy=float(value >= 0.06))
    assert [ballot.at for ballot in plan.crossings(results)[0].ballots] == [0.02, 0.065, 0.11, 0.2]


def test_an_end_that_the_experiment_refuses_is_named_before_anything_runs() -> None:
    search = {"along": "task.train_fraction", "between": [0.2, 1.5], "tolerance": 0.1}
    with pytest.raises(ConfigError, match=r"task.train_fraction 1.5: task.train_fraction must"):
        SearchPlan(TINY, Sweep.from_settings({"search": search}))
    with pytest.raises(ConfigError, match="did you mean 'train_fraction'"):
        SearchPlan(TINY, Sweep.from_settings({"search": search | {"along": "task.train_fractoin"}}))
