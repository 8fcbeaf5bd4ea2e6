"""A run in a few cells."""

from typing import Any

from grokterm.plots.palettes import Role
from grokterm.views.runs.phases import draw_phases
from tests.views.runs.rows import row


def drawn(longest: int = 999, *, is_ascii: bool = False, **known: int | None) -> list[tuple[str, Role]]:
    return draw_phases(row(**dict[str, Any](known)), longest, 12, is_ascii=is_ascii)


def test_steps_are_on_a_logarithmic_axis_that_ends_at_the_longest_run() -> None:
    assert drawn(step=999, memorized_at=9, grokked_at=99) == [("▁▁▁▁", "dim"), ("▃▃▃▃", "train"), ("▆▆▆▆", "val")]


def test_a_shorter_run_ends_earlier() -> None:
    assert drawn(step=30, memorized_at=9, grokked_at=None) == [("▁▁▁▁", "dim"), ("▃▃", "train")]


def test_what_was_unlearned_falls_again() -> None:
    assert drawn(step=999, memorized_at=0, grokked_at=9, ungrokked_at=99)[-1] == ("▂▂▂▂", "swap")


def test_a_run_that_has_not_begun_is_empty() -> None:
    assert drawn(step=0, memorized_at=None, grokked_at=None) == []


def test_a_plain_terminal_has_letters_for_it() -> None:
    assert "".join(text for text, _ in drawn(step=999, is_ascii=True, memorized_at=9, grokked_at=99)) == "____====####"
