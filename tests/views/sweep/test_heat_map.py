"""The map of a sweep over two axes."""

from dataclasses import replace
from math import inf
from typing import Any

import numpy as np
import pytest

from grokterm.plots.palettes import PALETTES, PaletteName
from grokterm.plots.sanitize import plain_text
from grokterm.sweeps.layout import map_of
from grokterm.views.sweep.heat_map import draw_map, prefers_map
from tests.views.sweep.swept import swept, text

RATE, DECAY = "optimizer.learning_rate", "optimizer.weight_decay"
GRID = {RATE: [1e-3, 1e-2, 1e-1, 1.0], DECAY: [0.0, 0.1, 1.0]}


def value(at: Any, _: int) -> float | None:  # noqa: ANN401 - of an axis
    return inf if at[RATE] == 1e-3 else None if at[DECAY] == 1.0 else 100 / at[RATE]


def test_a_map_has_a_tile_for_each_point() -> None:
    sweep, outcomes = swept(value, grid=GRID, measure="grokked_at")
    found = map_of(sweep, outcomes)
    assert found is not None
    assert (found.below.name, found.beside.name) == (RATE, DECAY)
    assert np.allclose(found.values[0], [inf, 1e4, 1e3, 1e2])
    assert np.isnan(found.values[2, 1:]).all()
    assert np.allclose(found.shares[0, 1:], [1, 0.5, 0])


def test_tiles_without_a_color_say_why_and_axes_have_their_values() -> None:
    sweep, outcomes = swept(value, grid=GRID, measure="grokked_at")
    found = map_of(sweep, outcomes)
    assert found is not None
    rows = text(draw_map(found, width=60, height=12, palette=PALETTES["ascii"]))
    body = "\n".join(rows[1:-2])
    assert rows[0].strip() == "grokked at over learning rate and weight decay"
    assert body.count("^") == 3
    assert "......" in body, "the lowest value is no blank"
    assert [row.split()[0] for row in rows[1:10] if row[:5].strip()] == ["1", "0.1", "0"]
    assert rows[10].split() == ["1e-3", "1e-2", "0.1", "1"]
    assert "100" in rows[11]
    assert "^ never" in rows[11]
    assert ". not yet" in rows[11]


def test_values_that_are_no_text_are_written_without_what_is_none() -> None:
    odd = ["\x1b]0;own\x07left", "\x9b2Jright\u202e"]
    sweep, outcomes = swept(lambda *_: 0.5, grid={"model.activation": odd, "model.scaling": odd})
    found = map_of(sweep, outcomes)
    assert found is not None
    rows = "".join(text(draw_map(found, width=60, height=14, palette=PALETTES["256"])))
    assert plain_text(rows) == rows
    assert rows.count("left") == rows.count("right") == 2


def test_a_tile_where_most_members_have_diverged_says_so() -> None:
    sweep, outcomes = swept(value, grid=GRID, measure="grokked_at", seeds=2)
    diverged = [result.model_copy(update={"outcome": "diverged"}) for result in outcomes[0].results]
    found = map_of(sweep, [replace(outcomes[0], results=diverged), *outcomes[1:]])
    assert found is not None
    assert found.has_diverged.sum() == 1
    rows = text(draw_map(found, width=60, height=12, palette=PALETTES["ascii"]))
    assert "\n".join(rows[1:-2]).count("x") == 1
    assert "x diverged   ^ never   . not yet" in rows[11]


def test_a_map_is_drawn_of_two_axes_of_numbers_unless_one_is_chosen_to_be_below() -> None:
    def prefers(**table: Any) -> bool:  # noqa: ANN401 - a table `[sweep]`
        return prefers_map(*swept(lambda _, __: 1.0, **table))

    assert prefers(grid=GRID)
    assert not prefers(grid=GRID, over=RATE)
    assert not prefers(grid=GRID, variants={"a": {}, "b": {}})
    assert not prefers(grid={RATE: [0.1, 1.0, 10.0], "optimizer.kind": ["sgd", "adamw", "muon"]})
    assert not prefers(grid={RATE: [0.1, 1.0, 10.0]})


@pytest.mark.parametrize("palette", ["256", "16", "mono", "ascii"])
@pytest.mark.parametrize("size", [(80, 24), (30, 7), (12, 4), (3, 2), (0, 0)])
def test_a_map_has_the_size_that_is_asked_for(palette: PaletteName, size: tuple[int, int]) -> None:
    grid = {RATE: "1e-4:1:log40", DECAY: "1e-4:1:log30"}
    found = map_of(*swept(lambda at, _: at[RATE], grid=grid))
    assert found is not None
    width, height = size
    rows = draw_map(found, width=width, height=height, palette=PALETTES[palette])
    assert [len(row) for row in text(rows)] == [width] * height
