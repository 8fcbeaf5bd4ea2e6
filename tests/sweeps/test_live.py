"""A sweep as a screen sees it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep

import pytest

from grokterm.errors import ConfigError
from grokterm.sweeps.live import LiveSweep, SweepState
from grokterm.sweeps.members import Member
from grokterm.sweeps.storage.folder import SweepFolder
from grokterm.sweeps.storage.keeping import keep_sweep
from grokterm.sweeps.storage.lease import Lease
from grokterm.sweeps.storage.result import Result
from tests.sweeps.fixtures import tiny_sweep
from tests.sweeps.gated_engine import GatedEngine

PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grokterm.sweeps.live.READ_SECONDS", 0.01)
    monkeypatch.setattr("grokterm.sweeps.scheduler.POLL_SECONDS", 0.01)


def measured(member: Member) -> Result:
    return Result(key=member.key, val_accuracy=member.seed / 10)


class Engines:
    """Makes gated engines, and remembers them."""

    def __init__(self, measured: Callable[[Member], Result] = measured) -> None:
        self.made: list[GatedEngine] = []
        self._measured = measured

    def __call__(self, sweep: SweepFolder) -> GatedEngine:
        self.made.append(GatedEngine(sweep, self._measured))
        return self.made[-1]


@contextmanager
def started(live: LiveSweep) -> Iterator[LiveSweep]:
    live.start()
    yield live
    assert live.leave(PATIENCE_SECONDS)
    assert live.bug is None


def until(live: LiveSweep, condition: Callable[[SweepState], object]) -> SweepState:
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition(state := live.state):
        assert live.bug is None, live.bug
        assert monotonic() < deadline, state
        sleep(0.002)
    return state


def test_a_sweep_fills_while_it_is_worked_on_and_is_done_in_the_end(tmp_path: Path) -> None:
    engines = Engines()
    with started(LiveSweep(tiny_sweep(tmp_path), engines, works=True)) as live:
        state = until(live, lambda state: state.working)
        assert (state.phase, state.n_done, len(state.members), len(state.outcomes)) == ("working", 0, 4, 2)
        engines.made[0].n_let = 1
        state = until(live, lambda state: state.n_done == 1)
        assert [outcome.estimate is None for outcome in state.outcomes] == [False, True]
        engines.made[0].n_let = 3
        assert until(live, lambda state: state.phase == "done").n_done == 4


def test_a_sweep_that_rests_trains_nothing_and_goes_on_with_what_is_missing(tmp_path: Path) -> None:
    engines = Engines()
    with started(LiveSweep(tiny_sweep(tmp_path), engines, works=True)) as live:
        until(live, lambda state: state.working)
        engines.made[0].n_let = 1
        until(live, lambda state: state.n_done == 1)
        live.rest()
        assert until(live, lambda state: state.phase == "resting").working == frozenset()
        assert engines.made[0].is_stopped.is_set()
        live.go_on()
        until(live, lambda state: state.working)
        engines.made[1].n_let = 4
        assert until(live, lambda state: state.phase == "done").n_done == 4


@pytest.mark.parametrize("asked", ["here", "by another process"])
def test_one_more_seed_at_each_point_is_trained_without_a_break(asked: str, tmp_path: Path) -> None:
    engines = Engines()
    with started(LiveSweep(tiny_sweep(tmp_path), engines, works=True)) as live:
        until(live, lambda state: state.working)
        engines.made[0].n_let = 1
        until(live, lambda state: state.n_done == 1)
        (live if asked == "here" else LiveSweep(SweepFolder(live.sweep.path), engines, works=False)).add_seed()
        state = until(live, lambda state: len(state.members) == 6)
        assert {member.seed for member in state.members} == {0, 1, 2}
        engines.made[0].n_let = 5
        assert until(live, lambda state: state.phase == "done").n_done == 6
    assert len(engines.made) == 1
    assert SweepFolder(live.sweep.path).sweep.seeds == 3


def test_members_that_have_failed_are_tried_again(tmp_path: Path) -> None:
    failing = Engines(lambda member: Result(key=member.key, outcome="failed", problem="out of memory"))
    with started(LiveSweep(tiny_sweep(tmp_path), failing, works=True)) as live:
        until(live, lambda state: state.working)
        failing.made[0].n_let = 4
        assert until(live, lambda state: state.phase == "done").n_failed == 4
        live.retry()
        until(live, lambda state: state.working and not state.n_done)
        failing.made[-1].n_let = 4
        assert until(live, lambda state: state.phase == "done").n_failed == 4


def test_what_other_processes_add_is_seen(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    first, second, *_ = sweep.members()
    with started(LiveSweep(SweepFolder(sweep.path), Engines(), works=False)) as live:
        assert until(live, lambda state: state.members).phase == "resting"
        lease = Lease.take(sweep.lease_of(second.key))
        assert lease is not None
        with lease:
            assert until(live, lambda state: state.elsewhere).elsewhere == {second.key}
            sweep.keep_result(measured(first))
            until(live, lambda state: state.n_done == 1)
        until(live, lambda state: not state.elsewhere)
        more = sweep.sweep.model_copy(update={"seeds": 3})
        keep_sweep(sweep.path.parent, sweep.name, sweep.preset, sweep.settings, more)
        until(live, lambda state: len(state.members) == 6)
        live.add_seed()
        assert SweepFolder(sweep.path).sweep.seeds == 4


def test_a_folder_that_cannot_be_read_is_a_problem_and_no_bug(tmp_path: Path) -> None:
    sweep = tiny_sweep(tmp_path)
    (sweep.path / "sweep.toml").write_text("[task]\nmodulus = -3\n")
    with started(LiveSweep(SweepFolder(sweep.path), Engines(), works=False)) as live:
        assert "modulus" in until(live, lambda state: state.problem).problem


def test_members_that_have_failed_are_tried_again_while_others_are_trained(tmp_path: Path) -> None:
    failing = Engines(lambda member: Result(key=member.key, outcome="failed", problem="out of memory"))
    with started(LiveSweep(tiny_sweep(tmp_path), failing, works=True)) as live:
        until(live, lambda state: state.working)
        failing.made[0].n_let = 1
        until(live, lambda state: state.n_failed == 1)
        live.retry()
        until(live, lambda state: not state.n_failed)
        failing.made[0].n_let = 5
        assert until(live, lambda state: state.phase == "done").n_failed == 4
        assert len(failing.made) == 1


def test_an_engine_that_cannot_be_made_is_a_problem_and_one_with_a_bug_is_none(tmp_path: Path) -> None:
    def missing(_: SweepFolder) -> GatedEngine:
        raise ConfigError("engine ray needs ray")

    def broken(_: SweepFolder) -> GatedEngine:
        raise ZeroDivisionError

    sweep = tiny_sweep(tmp_path)
    with started(LiveSweep(sweep, missing, works=True)) as live:
        assert until(live, lambda state: state.problem and state.members).problem == "engine ray needs ray"
        assert live.state.phase == "resting"
    live = LiveSweep(sweep, broken, works=True)
    live.start()
    live.join(PATIENCE_SECONDS)
    assert isinstance(live.bug, ZeroDivisionError)


def test_a_sweep_that_is_to_rest_before_its_engine_is_there_begins_nothing(tmp_path: Path) -> None:
    engines = Engines()

    def slow(sweep: SweepFolder) -> GatedEngine:
        live.rest()
        return engines(sweep)

    live = LiveSweep(tiny_sweep(tmp_path), slow, works=True)
    with started(live):
        assert until(live, lambda state: engines.made and state.phase == "resting").working == frozenset()
    assert not engines.made[0].working
