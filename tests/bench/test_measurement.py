import pytest

from grokterm.bench.measurement import Spread, Workload, measure, ratio, spread, steps_per_turn


class Fake:
    """Takes so many seconds a step, times a factor for each turn; notes who was asked for what."""

    def __init__(self, name: str, seconds: float, log: list[tuple[str, int]], factors: tuple[float, ...] = ()) -> None:
        self.name, self.seconds, self.log, self.factors = name, seconds, log, list(factors)

    def run(self, n_steps: int) -> float:
        self.log.append((self.name, n_steps))
        return self.seconds * n_steps


def test_everybody_takes_a_turn_in_every_repetition() -> None:
    log: list[tuple[str, int]] = []
    runs = {name: Workload(Fake(name, seconds, log).run) for name, seconds in (("a", 0.25), ("b", 0.5), ("c", 1.0))}
    rates = measure(runs, repetitions=3, seconds=1.0)
    assert rates == {"a": (4.0,) * 3, "b": (2.0,) * 3, "c": (1.0,) * 3}
    assert log[-9:] == [("a", 4), ("b", 2), ("c", 1)] * 3


@pytest.mark.parametrize(
    ("a_step", "unit", "seconds", "n_steps"),
    [(0.001, 1, 0.5, 500), (0.001, 200, 0.5, 600), (0.001, 20, 0.5, 500), (2.0, 1, 0.5, 1), (2.0, 10, 0.5, 10)],
)
def test_a_turn_is_as_long_as_asked_for_in_whole_units(a_step: float, unit: int, seconds: float, n_steps: int) -> None:
    assert steps_per_turn(Workload(Fake("a", a_step, []).run, unit), seconds) == n_steps


def test_a_ratio_is_taken_within_each_repetition_before_the_median() -> None:
    ours, theirs = (10.0, 1.0, 4.0), (5.0, 0.1, 4.0)  # of the medians it would be one
    assert ratio(ours, theirs) == Spread(median=2.0, low=1.0, high=10.0)


def test_a_machine_that_slows_down_for_a_while_leaves_the_ratio_as_it_is() -> None:
    busy = (1.0, 3.0, 1.0, 2.0, 1.0)
    ours, theirs = (tuple(rate / slower for slower in busy) for rate in (30.0, 10.0))
    assert ratio(ours, theirs) == pytest.approx((3.0, 3.0, 3.0))
    assert spread(ours) == (30.0, 10.0, 30.0)
