"""Steps, speeds and ages in a few characters."""

import pytest

from grokterm.views.runs.short import short_age, short_settings, short_speed, short_step


@pytest.mark.parametrize(("step", "room", "written"), [(8320, 9, "8,320"), (12_345_678, 9, "12.3M"), (0, 9, "0")])
def test_a_step_is_rounded_only_where_it_does_not_fit(step: int, room: int, written: str) -> None:
    assert short_step(step, room) == written


@pytest.mark.parametrize(
    ("speed", "written"), [(0.254, "0.25/s"), (950.2, "950/s"), (14_200, "14.2k/s"), (2_500_000, "2.5M/s")]
)
def test_a_speed_has_three_digits(speed: float, written: str) -> None:
    assert short_speed(speed) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(-5, "now"), (59, "now"), (300, "5 min"), (7200, "2 h"), (86_400, "24 h"), (5 * 86_400, "5 d"), (1e8, "3 y")],
)
def test_an_age_is_a_number_and_a_unit(seconds: float, written: str) -> None:
    assert short_age(seconds) == written


def test_the_longest_names_of_settings_are_cut_first() -> None:
    assert short_settings("weight_decay=2, seed=3", 40, "…") == [("weight_decay", "=2"), ("seed", "=3")]
    assert short_settings("weight_decay=2, seed=3", 18, "…") == [("weight_…", "=2"), ("seed", "=3")]
    assert short_settings("", 18, "…") == []
