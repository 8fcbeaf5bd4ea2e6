"""Command lines about a run, as they work in the present folder."""

import os
import shlex
from pathlib import Path

USUAL = "GROKTERM_USUAL_RUNS_DIR"
"""The environment variable of the folder that a new command line takes; that of GROKTERM_RUNS_DIR is of this one."""


def near(path: Path) -> str:
    """Write a path as seen from the present folder, if it lies below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def command_line(command: str, run: Path) -> str:
    """Return `grokterm COMMAND RUN`, with the folder of the run unless it is the usual one.

    The command may end with an option that takes the run. A name with a minus in front is told from an option.
    """
    name, place = shlex.quote(run.name), _place(run.resolve().parent)
    if not name.startswith("-"):
        return f"grokterm {command} {name}{place}"
    return f"grokterm {command}={name}{place}" if "--" in command else f"grokterm {command}{place} -- {name}"


def command_in(command: str, folder: Path) -> str:
    """Return `grokterm COMMAND`, with the folder of runs unless it is the usual one."""
    return f"grokterm {command}{_place(folder.resolve())}"


def _place(folder: Path) -> str:
    usual = Path(os.environ.get(USUAL) or os.environ.get("GROKTERM_RUNS_DIR") or "runs")
    return "" if folder == usual.resolve() else f" --runs-dir {shlex.quote(near(folder))}"
