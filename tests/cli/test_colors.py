"""FORCE_COLOR, NO_COLOR, TERM and COLUMNS, as rich documents them."""

import io
import re
import sys

import pytest

from grokterm.cli.console import overwrites_lines
from tests.cli.process import Here

CODES = re.compile(r"\x1b\[([\d;]*)m")
STYLES, COLORS = {str(number) for number in range(10)}, {"38", "48"}


def codes_of(text: str) -> set[str]:
    """The numbers in the codes that are written."""
    return {number for code in CODES.findall(text) for number in code.split(";")}


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize("command", [("runs",), ("plot", "-"), ("help", "commands")])
def test_a_pipe_gets_codes_only_if_they_are_asked_for(here: Here, command: tuple[str, ...]) -> None:
    assert "\x1b" not in here(*command).out
    assert "\x1b" not in here(*command, FORCE_COLOR="").out
    assert "\x1b" not in here(*command, FORCE_COLOR="1", TERM="dumb").out
    assert codes_of(here(*command, FORCE_COLOR="1", TERM="xterm-256color").out)
    assert codes_of(here(*command, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").out) <= STYLES


@pytest.mark.usefixtures("finished")
def test_curves_have_colors_and_what_programs_read_never_has(here: Here) -> None:
    asked = {"FORCE_COLOR": "1", "TERM": "xterm-256color"}
    assert codes_of(here("plot", "-", **asked).out) & COLORS
    for command in (("runs", "--json"), ("presets", "show", "quick"), ("runs", "show", "-", "--json"), ("runs", "--help")):
        assert "\x1b" not in here(*command, **asked).out


@pytest.mark.usefixtures("finished")
@pytest.mark.parametrize("command", [("runs",), ("plot", "-"), ("help",)])
def test_lines_in_a_pipe_are_as_wide_as_columns_says(here: Here, command: tuple[str, ...]) -> None:
    usual = here(*command).out
    assert max(map(len, here(*command, COLUMNS="60").out.splitlines())) <= 60 < max(map(len, usual.splitlines()))
    for nothing in ("0", "", "wide"):
        assert here(*command, COLUMNS=nothing).out == usual


def test_a_dumb_terminal_has_no_line_written_over(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", terminal)
    for term, overwrites in (("dumb", False), ("xterm", True)):
        monkeypatch.setenv("TERM", term)
        assert overwrites_lines() is overwrites
    monkeypatch.setattr(terminal, "isatty", lambda: False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert overwrites_lines() is False
