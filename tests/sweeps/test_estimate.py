"""What a sweep will take."""

from pathlib import Path

import pytest

from grokterm.experiment.sweep import Sweep
from grokterm.sweeps import estimate as estimate_module
from grokterm.sweeps.definition import Definition
from grokterm.sweeps.estimate import TimeLeft, estimate
from grokterm.sweeps.members import members_of
from grokterm.training.estimate import Estimate
from tests.sweeps.fixtures import TINY

MEMBER = members_of(TINY, Sweep())[0]


def asked(folder: Path, keep: str = "all") -> Definition:
    return Definition(folder, "tiny", "tiny", TINY, Sweep.from_settings({"seeds": 10, "keep": keep}))


def test_members_are_trained_side_by_side_but_no_more_than_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimate_module, "estimate_run", lambda *_: Estimate(6.0, 100, 4_000))
    found = estimate(asked(tmp_path), MEMBER, 10, 4)
    assert (found.member_seconds, found.seconds, found.n_workers) == (6.0, 15.0, 4)
    assert estimate(asked(tmp_path), MEMBER, 2, 4).seconds == 6.0
    assert found.memory is not None
    assert found.memory == pytest.approx(2 * (estimate(asked(tmp_path), MEMBER, 10, 2).memory or 0), rel=0.05)
    few = estimate(asked(tmp_path, "results"), MEMBER, 10, 4).disk
    assert found.disk - few == 10 * 3 * 4_000  # memorized, grokked, and at the end


def test_it_is_timed_as_a_worker_trains_it(tmp_path: Path) -> None:
    found = estimate(asked(tmp_path), MEMBER, 1, 1)
    assert 0 < found.seconds < 5


def test_the_time_left_follows_from_what_was_finished_since() -> None:
    now = 100.0
    left = TimeLeft(lambda: now)
    assert left.seconds(4, 10) is None
    now = 110.0
    assert left.seconds(4, 10) is None
    assert left.seconds(6, 10) == 5.0 * 4
    now = 120.0
    assert left.seconds(10, 10) == 0
