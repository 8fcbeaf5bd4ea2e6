"""What is said of a run after the screen has closed."""

import os
import shlex
from pathlib import Path

from grokterm.plots.sanitize import plain_text
from grokterm.runs.store import Run
from grokterm.session.state import LabState

ENDED = {"complete": "is complete", "diverged": "diverged", "out of memory": "ran out of memory"}


def near(path: Path) -> str:
    """Write a path as seen from the present folder, if it lies below it."""
    path = path.resolve()
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def open_command(run: Run) -> str:
    """Return the command line that opens a run, as it works in the present folder."""
    folder = run.path.resolve().parent
    is_usual = folder == Path(os.environ.get("GROKTERM_RUNS_DIR") or "runs").resolve()
    return f"grokterm open {shlex.quote(run.name)}" + ("" if is_usual else f" --runs-dir {shlex.quote(near(folder))}")


def farewell(state: LabState, run: Run) -> str:
    """Say where a run stands, and how to open it."""
    if state.unsaved:
        kept = "Nothing is" if state.saved_at is None else f"Step {state.saved_at:,} and what came before it are"
        words = f"was not saved: {state.unsaved}. {kept} kept"
    elif state.ended and state.ended != "interrupted":
        words = f"{ENDED.get(state.ended, f'ended ({state.ended})')} at step {state.step:,}; {open_command(run)} shows it"
    else:
        words = f"saved at step {state.saved_at or 0:,}; {open_command(run)} goes on with it"
    return plain_text(f"grokterm: {run.name} {words}")
