"""Command lines about a run, as they work in the present folder."""

import os
import shlex
from pathlib import Path


def near(path: Path) -> str:
    """Write a path as seen from the present folder, if it lies below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def command_line(command: str, run: Path) -> str:
    """Return `grokterm COMMAND RUN`, with the folder of the run unless it is the usual one.

    The command may end with an option that takes the run. A name with a minus in front is told from an option.
    """
    folder = run.resolve().parent
    is_usual = folder == Path(os.environ.get("GROKTERM_RUNS_DIR") or "runs").resolve()
    name, place = shlex.quote(run.name), "" if is_usual else f" --runs-dir {shlex.quote(near(folder))}"
    if not name.startswith("-"):
        return f"grokterm {command} {name}{place}"
    return f"grokterm {command}={name}{place}" if "--" in command else f"grokterm {command}{place} -- {name}"
