"""Drawing must not slow down the training it shows, nor flood the terminal."""

import pytest

from grokterm.tui import draw_budget as draw_budget
from grokterm.tui.draw_budget import SHARE_OF_TIME, DrawBudget
from grokterm.tui.link import FULL, LINKS, Link

BYTES_PER_SECOND, LONGEST = FULL.bytes_per_second, FULL.longest
POLL_SECONDS = 0.01


class Clock:
    """Goes when it is told, and knows how much of that time the thread has worked."""

    now = 100.0
    worked = 1.0

    def pass_by(self, seconds: float, *, work: float = 0.0) -> None:
        self.now += seconds
        self.worked += work


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(draw_budget, "monotonic", lambda: clock.now)
    monkeypatch.setattr(draw_budget, "thread_time", lambda: clock.worked)
    return clock


def draw_for(
    clock: Clock, seconds: float, *, drawing: float = 0.0, painting: float = 0.0, n_bytes: int = 0, link: Link = FULL
) -> int:
    """Draw whenever it is due, looking a hundred times a second; return how often."""
    due, n_drawn, end = DrawBudget(link), 0, clock.now + seconds
    while clock.now < end:
        if due.is_due():
            clock.pass_by(drawing, work=drawing)
            due.spend(n_bytes)
            clock.pass_by(painting, work=painting)
            n_drawn += 1
        clock.pass_by(POLL_SECONDS)
    return n_drawn


def test_the_first_drawing_is_due_at_once(clock: Clock) -> None:
    assert clock
    assert DrawBudget().is_due()


@pytest.mark.parametrize("drawing", [0.001, 0.01, 0.03])
@pytest.mark.parametrize("painting", [0.0, 0.005])
def test_the_thread_works_no_more_than_its_share_of_the_time(clock: Clock, drawing: float, painting: float) -> None:
    cost = drawing + painting
    n_drawn = draw_for(clock, 100, drawing=drawing, painting=painting)
    assert n_drawn * cost <= SHARE_OF_TIME * 100 + cost
    assert n_drawn * (cost / SHARE_OF_TIME + 2 * POLL_SECONDS) >= 100


def test_work_that_draws_nothing_counts_too(clock: Clock) -> None:
    due = DrawBudget()
    clock.pass_by(0.01, work=0.01)
    assert not due.is_due()
    clock.pass_by(0.01 / SHARE_OF_TIME)
    assert due.is_due()


def test_time_without_work_is_not_saved_up(clock: Clock) -> None:
    due = DrawBudget()
    clock.pass_by(1000)
    due.spend(0)
    clock.pass_by(0.01, work=0.01)
    assert due.is_due()
    clock.pass_by(0.01, work=0.01)
    assert not due.is_due()


@pytest.mark.parametrize("link", LINKS.values(), ids=LINKS)
@pytest.mark.parametrize("n_bytes", [100, 2_000, 12_000])
def test_no_more_is_sent_than_a_link_carries(clock: Clock, n_bytes: int, link: Link) -> None:
    n_drawn = draw_for(clock, 100, n_bytes=n_bytes, link=link)
    assert n_drawn * n_bytes <= link.bytes_per_second * 100 + n_bytes
    assert n_drawn >= 100 / (link.longest + 2 * POLL_SECONDS) - 1  # the texts move on


def test_a_far_terminal_is_drawn_on_less_often(clock: Clock) -> None:
    often = {name: draw_for(clock, 100, link=link) for name, link in LINKS.items()}
    assert often["full"] > 10 * often["calm"] > 10 * often["slow"] > 0
    assert often["slow"] <= 100 / LINKS["slow"].rest


@pytest.mark.parametrize(("drawing", "n_bytes"), [(5.0, 0), (0.0, 10**9)])
def test_after_the_dearest_drawing_the_next_follows_within_seconds(clock: Clock, drawing: float, n_bytes: int) -> None:
    due = DrawBudget()
    clock.pass_by(drawing, work=drawing)
    due.spend(n_bytes)
    assert not due.is_due()
    clock.pass_by(LONGEST)
    assert due.is_due()


def test_something_is_drawn_even_where_the_rest_takes_more_than_the_share(clock: Clock) -> None:
    due, n_drawn = DrawBudget(), 0
    for _ in range(1000):
        clock.pass_by(POLL_SECONDS, work=2 * SHARE_OF_TIME * POLL_SECONDS)
        if due.is_due():
            due.spend(0)
            n_drawn += 1
    assert n_drawn == pytest.approx(1000 * POLL_SECONDS / LONGEST, abs=1)


def test_a_large_picture_is_paid_for_by_what_follows(clock: Clock) -> None:
    due, waited = DrawBudget(), []
    due.spend(10 * BYTES_PER_SECOND)
    for _ in range(8):
        before = clock.now
        while not due.is_due():
            clock.pass_by(POLL_SECONDS)
        waited.append(round(clock.now - before, 1))
        due.spend(0)
    assert waited == [LONGEST] * 5 + [0.0] * 3
