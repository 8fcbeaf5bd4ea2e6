"""A sweep held against what is expected of it."""

from pathlib import Path
from typing import Any

import pytest

from grokterm.errors import ConfigError
from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.members import Member
from grokterm.sweeps.search.plan import SearchPlan
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.verification import SweepCheck, check_of, judge_sweep, n_missing
from tests.sweeps.fixtures import TINY, tiny_sweep

FRACTION = "task.train_fraction"

GRID: dict[str, Any] = {
    "seeds": 3,
    "grid": {FRACTION: [0.4, 0.6]},
    "variants": {"narrow": {}, "wide": {"model.width": 16}},
    "measure": "grokked_at",
    "evidence": "ours",
}


def kept(folder: Path, table: dict[str, Any]) -> tuple[SweepFolder, SweepCheck]:
    check = check_of(Definition(folder, "tiny-sweep", "tiny", TINY, Sweep.from_settings(table)))
    assert check is not None
    return tiny_sweep(folder, table), check


def grokked(member: Member, step: int | None) -> Result:
    return Result(key=member.key, grokked_at=step, memorized_at=7 + member.seed, device="cpu", seconds=2.0)


def test_the_median_over_the_seeds_decides_at_every_point_that_is_named(tmp_path: Path) -> None:
    expect: list[dict[str, Any]] = [
        {"where": {FRACTION: 0.6}, "within": [90, 110]},
        {"where": {FRACTION: 0.4, "variant": "wide"}, "within": "never"},
        {"where": {FRACTION: 0.4, "variant": "wide"}, "measure": "memorized_at", "within": [8, 8]},
    ]
    sweep, check = kept(tmp_path, GRID | {"expect": expect})
    for member in sweep.members():
        late = 100 * (2 if member.point.variant == "wide" else 1) + member.seed
        sweep.keep_result(grokked(member, late if member.point.values[FRACTION] == 0.6 else None))
    judged = judge_sweep(check)
    assert [(verdict.where, verdict.measure, verdict.values, verdict.is_met) for verdict in judged.verdicts] == [
        ({FRACTION: 0.6, "variant": "narrow"}, "grokked_at", (100, 101, 102), True),
        ({FRACTION: 0.4, "variant": "wide"}, "grokked_at", (None, None, None), True),
        ({FRACTION: 0.4, "variant": "wide"}, "memorized_at", (7, 8, 9), True),
        ({FRACTION: 0.6, "variant": "wide"}, "grokked_at", (200, 201, 202), False),
    ]
    assert len(judged.outcomes) == 12
    assert [verdict.where for verdict in judged.wanted] == [one["where"] for one in expect]


def test_a_sweep_that_has_not_ended_or_failed_in_part_tells_nothing(tmp_path: Path) -> None:
    sweep, check = kept(tmp_path, GRID | {"expect": [{"where": {FRACTION: 0.6}, "within": "never"}]})
    first, *others = sweep.members()
    sweep.keep_result(Result(key=first.key, outcome="failed", problem="out of memory"))
    assert judge_sweep(check).not_run == "1 of 12 members failed: out of memory"
    sweep.keep_result(grokked(first, None))
    assert judge_sweep(check).not_run == "1 of 12 members have ended"
    assert judge_sweep(check).verdicts == []
    for member in others:
        sweep.keep_result(grokked(member, None))
    assert judge_sweep(check).not_run == ""


def test_one_that_was_never_begun_is_said_to_be_missing(tmp_path: Path) -> None:
    sweep = Sweep.from_settings(GRID | {"expect": [{"where": {FRACTION: 0.6}, "within": "never"}]})
    check = check_of(Definition(tmp_path, "tiny-sweep", "tiny", TINY, sweep))
    assert check is not None
    assert judge_sweep(check).not_run == f"no sweep tiny-sweep in {tmp_path}"


def test_where_a_search_finds_the_crossing_is_compared_too(tmp_path: Path) -> None:
    search = {"along": FRACTION, "between": [0.2, 0.8], "tolerance": 0.1, "expect": [0.5, 0.6]}
    sweep, check = kept(tmp_path, {"search": search, "measure": "val_accuracy", "evidence": "ours"})
    plan = SearchPlan(TINY, sweep.sweep)
    while new := plan.next_members(sweep.results()):
        for member in new:
            accuracy = float(member.point.values[FRACTION] > 0.55)  # type: ignore[operator]  # it is a number
            sweep.keep_result(Result(key=member.key, val_accuracy=accuracy))
    (verdict,) = judge_sweep(check).verdicts
    assert verdict.measure == f"critical {FRACTION}"
    assert verdict.is_met
    assert verdict.median is not None
    assert abs(verdict.median - 0.55) < 0.1


def test_members_that_are_still_to_be_trained_are_counted_those_of_a_search_as_far_as_they_are_known(tmp_path: Path) -> None:
    sweep, check = kept(tmp_path / "grid", GRID | {"expect": [{"where": {FRACTION: 0.6}, "within": "never"}]})
    assert n_missing(check) == 12
    for member in sweep.members():
        sweep.keep_result(grokked(member, None))
    assert n_missing(check) == 0
    search = {"along": FRACTION, "between": [0.2, 0.8], "tolerance": 0.05, "expect": [0.3, 0.5]}
    table = {"seeds": 3, "search": search, "evidence": "ours"}
    sweep, check = kept(tmp_path / "search", table)
    least, _ = SearchPlan(TINY, sweep.sweep).n_members
    assert n_missing(check) == least > 6
    (first, *_) = SearchPlan(TINY, sweep.sweep).next_members({})
    sweep.keep_result(grokked(first, None))
    assert n_missing(check) == least - 1


def test_an_expectation_that_names_no_point_is_refused() -> None:
    sweep = Sweep.from_settings(GRID | {"expect": [{"where": {FRACTION: 0.5, "variant": "wide"}, "within": "never"}]})
    with pytest.raises(ConfigError, match=r"has no point with task.train_fraction 0.5, variant wide, of which"):
        check_of(Definition(Path("runs"), "tiny-sweep", "tiny", TINY, sweep))


def test_a_sweep_of_which_nothing_is_expected_has_no_check() -> None:
    assert check_of(Definition(Path("runs"), "tiny-sweep", "tiny", TINY, Sweep.from_settings(GRID))) is None
