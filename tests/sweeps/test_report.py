"""A sweep in words."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.estimate import SweepEstimate
from grokterm.sweeps.members import Member, Point
from grokterm.sweeps.report import as_object, describe, fits, needs, number, plan_in_words, progress_line
from grokterm.sweeps.scheduler import Progress
from grokterm.sweeps.search.ballot import Ballot
from grokterm.sweeps.search.crossing import Crossing
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.result import Result
from grokterm.sweeps.storage.tables import Written
from tests.sweeps.fixtures import TINY, tiny_sweep


@pytest.fixture
def sweep(tmp_path: Path) -> SweepFolder:
    return tiny_sweep(
        tmp_path, {"grid": {"task.train_fraction": [0.4, 0.6]}, "variants": {"plain": {}, "wide": {"model.width": 16}},
        "seeds": 3, "measure": "grokked_at"}
    )  # fmt: skip


def lines(*parts: object) -> list[str]:
    text = StringIO()
    console = Console(file=text, width=100)
    for part in parts:
        console.print(part)
    return [" ".join(line.split()) for line in text.getvalue().splitlines()]


def test_each_point_has_its_center_its_interval_and_its_seeds(sweep: SweepFolder) -> None:
    members = sweep.members()
    reached = {0.4: None, 0.6: 1200}
    results = {
        one.key: Result(key=one.key, grokked_at=reached[one.point.values["task.train_fraction"]])  # type: ignore[index]  # a float
        for one in members
        if one.point.variant == "plain"
    }
    failed = next(one for one in members if one.point.variant == "wide")
    results[failed.key] = Result(key=failed.key, outcome="failed", problem="out of memory")
    told = lines(*describe(sweep.sweep, members, results))
    assert told[0] == "variant train fraction grokked_at 95 % n"
    assert told[1] == "plain 0.4 never never to never 3"
    assert told[2] == "plain 0.6 1,200 1,200 to 1,200 3"
    assert told[3] == "wide 0.4 - 0 of 3"
    assert told[-2:] == ["12 members: 6 finished, 1 failed, 5 not ended", "failed once: out of memory"]


def test_a_line_says_how_far_it_is(sweep: SweepFolder) -> None:
    members = sweep.members()
    assert progress_line(Progress(members, {}), None) == "0 / 12 members"
    done = {members[0].key: Result(key=members[0].key, outcome="failed")}
    line = progress_line(Progress(members, done, n_elsewhere=2, n_done=1, n_failed=1), 200.0)
    assert line == "1 / 12 members  1 failed  2 elsewhere  3 min 20 s left"


def test_a_plan_lists_the_first_members_and_what_all_need(sweep: SweepFolder) -> None:
    needed = SweepEstimate(10.0, 10.1, 9.9, n_workers=2, seconds=60.0, memory=600_000_000, disk=3_000_000)
    asked = Definition(sweep.path.parent, sweep.name, "tiny", sweep.settings, sweep.sweep)
    members = sweep.members()
    told = lines(*plan_in_words(asked, members[:2], 12, 0, needed))
    assert told[0] == "variant train fraction seed key"
    assert told[1] == f"plain 0.4 0 {members[0].key}"
    assert told[3] == "and 10 more"
    assert told[4:] == [
        "12 members: 4 points × 3 seeds take about 1 min 00 s on 2 workers, 600 MB of memory and 3 MB on the",
        "disk",
    ]
    over = lines(*plan_in_words(asked, members[:2], 12, 12, needed))[-1]
    assert over == "12 members: 4 points × 3 seeds, all of which have ended"


def test_of_a_search_that_is_over_the_members_are_known() -> None:
    search = {"along": "model.width", "between": [8, 40], "tolerance": 1}
    asked = Definition(Path(), "searched", "tiny", TINY, Sweep.from_settings({"search": search}))
    needed = SweepEstimate(10.0, 9.9, 10.1, n_workers=2, seconds=60.0, memory=None, disk=1000)
    assert "at most 9 members, 2 of which have ended; the others" in lines(*plan_in_words(asked, [], 9, 2, needed))[-2]
    assert lines(*plan_in_words(asked, [], 5, 5, needed))[-1] == "5 members, all of which have ended"


@pytest.mark.parametrize(("n_seeds", "said"), [(3, "0.1 to 0.5, 3 seeds; more seeds narrow it"), (8, "0.4 to 0.5, 8 seeds")])
def test_a_crossing_of_few_seeds_says_that_more_narrow_it(n_seeds: int, said: str) -> None:
    def ballot(at: float) -> Ballot:
        seeds = range(2 if n_seeds == 3 else n_seeds)  # of three that agree the third is not asked
        members = [Member(Point({"task.train_fraction": at}), seed, f"{at}-{seed}") for seed in range(n_seeds)]
        ended = {f"{at}-{seed}": Result(key=f"{at}-{seed}", val_accuracy=float(at > 0.45)) for seed in seeds}
        if n_seeds == 3 and at == 0.4:  # but here
            ended[f"{at}-2"] = Result(key=f"{at}-2", val_accuracy=1.0)
        return Ballot(at, members, ended, "val_accuracy", 0.5)

    ballots = [ballot(at) for at in (0.1, 0.4, 0.5, 0.9)]
    search = {"along": "task.train_fraction", "between": [0.1, 0.9], "tolerance": 0.1}
    sweep = Sweep.from_settings({"search": search, "measure": "val_accuracy"})
    (line,) = fits(sweep, [Crossing(Point(), ballots, ballots[1], ballots[2])])
    assert line.endswith(f"({said})")


def test_as_an_object_each_point_has_its_numbers_and_what_is_not_known_none(sweep: SweepFolder) -> None:
    first, second, *_ = members = sweep.members()
    results = {first.key: Result(key=first.key), second.key: Result(key=second.key, grokked_at=40)}
    told = as_object(sweep, members, results, Written(sweep.path / "results.csv", None), [])["points"]
    nothing = {"center": None, "low": None, "high": None}
    assert told[0] == {"variant": "plain", "task.train_fraction": 0.4, **nothing, "n_seeds": 1}
    assert told[1] == {"variant": "plain", "task.train_fraction": 0.6, "center": 40, "low": 40, "high": 40, "n_seeds": 1}
    assert told[2] == {"variant": "wide", "task.train_fraction": 0.4, **nothing, "n_seeds": 0}


def test_what_the_system_does_not_tell_is_left_out() -> None:
    assert needs(SweepEstimate(1.0, 1.0, 1.0, 1, 5.0, None, 1000)) == "take about 5 s on 1 worker and 1 KB on the disk"


def test_members_that_take_unlike_long_have_a_range() -> None:
    told = needs(SweepEstimate(40.0, 5.0, 70.0, 2, 400.0, None, 1000))
    assert told == "take about 6 min 40 s on 2 workers (5 s to 1 min 10 s a member) and 1 KB on the disk"


@pytest.mark.parametrize(
    ("value", "measure", "said"),
    [
        (1234.5, "grokked_at", "1,234.5"),
        (float("inf"), "grokked_at", "never"),
        (0.98765, "val_accuracy", "0.9877"),
        (1.0, "best_val_accuracy", "1.0000"),
        (2, "n", "2"),
    ],
)
def test_a_number_is_written_as_its_measure_wants(value: float, measure: str, said: str) -> None:
    assert number(value, measure) == said
