"""A sweep in numbers."""

import pytest

from grokterm.plots.palettes import PALETTES
from grokterm.views.sweep.numbers import draw_numbers
from tests.views.sweep.swept import swept, text

SHARE = "task.train_fraction"


def lines(width: int, height: int) -> list[str]:
    known = {0.2: 0.1, 0.3: 0.9}
    sweep, points = swept(
        lambda at, seed: known[at[SHARE]] + seed / 10 if at[SHARE] in known else None, grid={SHARE: [0.2, 0.3, 0.4]}, seeds=2
    )
    rows = text(draw_numbers(sweep, points, width=width, height=height, palette=PALETTES["mono"]))
    assert [len(row) for row in rows] == [width] * height
    return [" ".join(row.split()) for row in rows]


def test_each_point_has_its_center_its_interval_and_its_seeds() -> None:
    assert lines(60, 5) == [
        "val accuracy 95 % n",
        "train fraction 0.2 0.1500 0.1000 to 0.2000 2",
        "train fraction 0.3 0.9500 0.9000 to 1.0000 2",
        "train fraction 0.4 - 0 of 2",
        "",
    ]


def test_points_that_have_no_room_are_counted() -> None:
    assert lines(60, 3)[1:] == ["train fraction 0.2 0.1500 0.1000 to 0.2000 2", "and 2 points more"]


@pytest.mark.parametrize("size", [(40, 3), (9, 2), (3, 1), (1, 0)])
def test_they_have_the_size_that_is_asked_for(size: tuple[int, int]) -> None:
    lines(*size)
