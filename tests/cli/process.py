"""The command as a user runs it: a process of its own, or what that does, here."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grokterm.cli.completion import CUT
from grokterm.cli.main import main
from grokterm.runs.command_line import USUAL
from grokterm.training.signals import ENDING, SAVING

SECONDS = 300
"""No command of a test takes so long, also on a slow machine that is busy."""

QUIET = {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "PYTHONWARNINGS"}
"""What a terminal around the tests may have set."""


@dataclass(frozen=True)
class Outcome:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout, read as strictly as JSON is."""
        parsed = json.loads(self.out, parse_constant=_refuse)
        assert isinstance(parsed, dict)
        return parsed


Here = Callable[..., Outcome]
"""A command that runs in the process of the tests."""


def command_line(*arguments: str | Path) -> list[str]:
    """`grokterm`, as this Python runs it."""
    return [sys.executable, "-m", "grokterm", *map(str, arguments)]


def environment(**variables: str) -> dict[str, str]:
    """The environment of a test, without what would change colors and widths."""
    return {name: value for name, value in os.environ.items() if name not in QUIET} | variables


def grokterm(*arguments: str | Path, **variables: str) -> Outcome:
    """Run a command to its end."""
    done = subprocess.run(
        command_line(*arguments),
        capture_output=True,
        check=False,
        env=environment(**variables),
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=SECONDS,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def run_here(*arguments: str | Path, **variables: str) -> int:
    """Run a command in this process, which is sooner at hand than one of its own, and take back what it sets for itself."""
    handlers = {number: signal.getsignal(number) for number in (*ENDING, *SAVING)}
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["grokterm", *map(str, arguments)])
            for name in (*QUIET, "GROKTERM_RUNS_DIR", USUAL, CUT):
                patch.setenv(name, "")  # to be taken back also if it is not there yet
                patch.delenv(name)
            for name, value in variables.items():
                patch.setenv(name, value)
            with pytest.raises(SystemExit) as caught:
                main()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    code = caught.value.code or 0
    assert isinstance(code, int)
    return code


def assert_refused(outcome: Outcome, *words: str) -> None:
    """One line on stderr that says what is wrong, nothing on stdout, exit code 2."""
    assert outcome.code == 2, outcome
    assert outcome.out == ""
    assert outcome.err.startswith("grokterm: ")
    assert outcome.err.endswith("\n")
    assert len(outcome.err.splitlines()) == 1, outcome.err
    for word in words:
        assert word in outcome.err


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")
