"""Drawing must not slow down the training it shows, nor flood the terminal."""

import pytest

from grokterm.tui import budget
from grokterm.tui.budget import BYTES_PER_SECOND, LONGEST, SHARE_OF_TIME, DrawBudget


class Clock:
    """Goes when it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(budget, "monotonic", clock)
    return clock


def draw_for(clock: Clock, seconds: float, *, cost: float, n_bytes: int) -> int:
    """Draw whenever it is due, looking a hundred times a second; return how often."""
    view, n_drawn, end = DrawBudget(), 0, clock.now + seconds
    while clock.now < end:
        if view.is_due():
            clock.now += cost
            view.spend(cost, n_bytes)
            n_drawn += 1
        clock.now += 0.01
    return n_drawn


def test_a_view_may_draw_at_once(clock: Clock) -> None:
    assert clock
    assert DrawBudget().is_due()


@pytest.mark.parametrize("cost", [0.001, 0.01, 0.04])
def test_a_view_takes_no_more_than_its_share_of_the_time(clock: Clock, cost: float) -> None:
    n_drawn = draw_for(clock, 100, cost=cost, n_bytes=0)
    assert n_drawn * cost <= SHARE_OF_TIME * 100 + cost
    assert n_drawn * cost >= 0.9 * min(SHARE_OF_TIME * 100, 100 / 0.11 * cost) - cost


@pytest.mark.parametrize("n_bytes", [100, 5_000, 40_000])
def test_a_view_sends_no_more_than_a_slow_line_carries(clock: Clock, n_bytes: int) -> None:
    n_drawn = draw_for(clock, 100, cost=0, n_bytes=n_bytes)
    assert n_drawn * n_bytes <= BYTES_PER_SECOND * 100 + n_bytes


def test_a_cheap_drawing_is_repeated_after_the_shortest_pause(clock: Clock) -> None:
    view = DrawBudget(shortest=1.0)
    view.spend(0.0, 0)
    clock.now += 0.99
    assert not view.is_due()
    clock.now += 0.02
    assert view.is_due()


def test_even_the_dearest_drawing_is_repeated_within_seconds(clock: Clock) -> None:
    view = DrawBudget()
    view.spend(60.0, 10**9)
    clock.now += LONGEST
    assert view.is_due()
