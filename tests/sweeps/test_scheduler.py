"""The scheduler, with an engine that works at once, in this process."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from grokterm.runs.owner import this_process
from grokterm.sweeps import scheduler as scheduling
from grokterm.sweeps.members import Member
from grokterm.sweeps.plans import Following
from grokterm.sweeps.scheduler import Grid, Progress, Scheduler
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import Claim
from grokterm.sweeps.storage.parcel import mark_of
from grokterm.sweeps.storage.result import Outcome, Result
from grokterm.sweeps.work import Report, Status
from tests.sweeps.fixtures import tiny_sweep


class Instant:
    """Has a result of each member at once; says these things before that."""

    n_workers = 1
    working: Sequence[str] = ()

    def __init__(self, sweep: SweepFolder, *before: Status, outcome: Outcome = "finished") -> None:
        self.sweep, self.before, self.outcome = sweep, list(before), outcome
        self.asked: list[str] = []
        self._reports: list[Report] = []

    def submit(self, members: Sequence[Member]) -> None:
        for member in members:
            self.asked.append(member.key)
            if self.before:
                self._reports.append(Report(member.key, self.before.pop(0)))
                continue
            self.sweep.keep_result(Result(key=member.key, outcome=self.outcome))
            self._reports.append(Report(member.key, "done"))

    def wait(self, seconds: float) -> list[Report]:
        del seconds
        reports, self._reports = self._reports, []
        return reports

    def stop(self) -> None:
        self.asked.append("stop")


def test_members_with_a_result_are_not_asked_for_and_count(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first, *others = sweep.members()
    sweep.keep_result(Result(key=first.key, outcome="failed"))
    engine = Instant(sweep)
    last = _last(sweep, engine)
    assert engine.asked == [*(member.key for member in others), "stop"]
    assert (last.n_done, last.n_failed, len(last.members)) == (4, 1, 4)


@pytest.mark.parametrize("said", ["elsewhere", "stopped", "done"])
def test_a_member_without_a_result_is_asked_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: Status) -> None:
    monkeypatch.setattr(scheduling, "LATER_SECONDS", 0.0)
    sweep = tiny_sweep(tmp_path)
    keys = [member.key for member in sweep.members()]
    engine = Instant(sweep, said)
    last = _last(sweep, engine)
    assert engine.asked == [*keys, keys[0], "stop"]
    assert (last.n_done, last.n_elsewhere) == (4, 0)


def test_two_members_that_are_the_same_are_one(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    engine = Instant(sweep)
    scheduler = Scheduler(sweep, Grid([*sweep.members(), *sweep.members()]), engine)
    *_, last = scheduler.run()
    assert len(engine.asked) == 5
    assert (last.n_done, len(last.members)) == (4, 4)


def test_members_that_have_failed_are_worked_on_again_when_that_is_asked_for(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    engine = Instant(sweep, outcome="failed")
    scheduler = Scheduler(sweep, Grid(sweep.members()), engine)
    seen = []
    for progress in scheduler.run():
        seen.append((progress.n_done, progress.n_failed))
        if progress.n_failed == 4:
            engine.outcome = "finished"
            scheduler.retry()
    assert seen == [(0, 0), (4, 4), (4, 0)]
    assert {result.outcome for result in sweep.results().values()} == {"finished"}


def test_a_plan_is_asked_what_comes_next_after_every_result(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    members = sweep.members()

    class OneByOne:
        def next_members(self, results: Mapping[str, Result]) -> Sequence[Member]:
            return members[len(results) : len(results) + 1]

    engine = Instant(sweep)
    *_, last = Scheduler(sweep, OneByOne(), engine).run()
    assert engine.asked == [*(member.key for member in members), "stop"]
    assert last.n_done == 4


def test_what_another_process_asks_for_meanwhile_is_taken_up(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    plan = Following(Grid(sweep.members()), sweep)
    running = Scheduler(sweep, plan, Instant(sweep)).run()
    next(running)
    more = sweep.sweep.model_copy(update={"seeds": 3})
    keep_sweep(sweep.path.parent, sweep.name, sweep.preset, sweep.settings, more)
    *_, progress = running
    assert (progress.n_done, len(plan.members), plan.sweep.sweep.seeds) == (6, 6, 3)


def test_one_that_is_stopped_asks_for_nothing_more(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    engine = Instant(sweep, "elsewhere", "elsewhere", "elsewhere", "elsewhere")
    scheduler = Scheduler(sweep, Grid(sweep.members()), engine)
    for _ in scheduler.run():
        scheduler.stop()
    assert engine.asked[4:] == ["stop"]


def test_what_killed_processes_have_left_is_swept_away_before_and_after(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    mark = mark_of(sweep.path, "nonce")
    dead = Claim(**this_process().model_copy(update={"pid": 2**22 + 1}).model_dump(), nonce="x").model_dump_json()
    mark.write_text(dead)
    for progress in Scheduler(sweep, Grid(sweep.members()), Instant(sweep)).run():
        assert progress.n_done or not mark.exists()
        mark.write_text(dead)
    assert not mark.exists()


def _last(sweep: SweepFolder, engine: Instant) -> Progress:
    *_, last = Scheduler(sweep, Grid(sweep.members()), engine).run()
    return last
