"""A curve in a line."""

from math import nan

import pytest

from grokterm.plots.sparkline import sparkline


def test_equal_parts_of_the_logarithm_of_the_step_have_a_character_each() -> None:
    steps = list(range(0, 1000, 10))
    assert sparkline(steps, [float(step >= 100) for step in steps], 6) == "▁▁▁▁██"


@pytest.mark.parametrize(("share", "drawn"), [(0.0, "▁"), (0.49, "▄"), (0.51, "▅"), (1.0, "█")])
def test_the_height_is_the_share(share: float, drawn: str) -> None:
    assert sparkline([0, 10], [share, share], 3) == 3 * drawn


def test_what_was_not_measured_stays_as_it_was_last() -> None:
    assert sparkline([0, 7, 8, 99], [0.0, 1.0, nan, nan], 8) == "▁▁▁█████"
    assert sparkline([0, 9], [nan, 1.0], 2) == "▁█"
    assert sparkline([0], [1.0], 4, ascii_only=True) == "%%%%"
